"""`run.json`: what a run says of itself, beside its output and in no digest.

    {"kind": "tokenizer", "made_from": ["../webtext"], "seconds": {"words": 1.2}, "peak_bytes": {"words": 131072000}}

Another run of the same build has other times, and may lie elsewhere; its output has the same bytes. The machine that
trains writes one too, so nothing is imported here that it may lack.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from os.path import relpath
from pathlib import Path

RUN_FILE = "run.json"


@dataclass(frozen=True)
class StageRun:
    """How long a stage took, and the most memory that a worker process had meanwhile; 0 for not known."""

    seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class RunNote:
    """What the output is, the relative paths of the outputs that it was made from, and what each stage took."""

    kind: str = "output"
    made_from: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_bytes: dict[str, int] = field(default_factory=dict)

    @property
    def stages(self) -> dict[str, StageRun]:
        """What each stage took, by its name."""
        return {name: StageRun(seconds, self.peak_bytes.get(name, 0)) for name, seconds in self.seconds.items()}


def read_run(root: Path) -> RunNote:
    """What the run said; nothing of it where no run did, or where the file is damaged."""
    with suppress(OSError, ValueError, TypeError):
        note, none = RunNote(**json.loads((root / RUN_FILE).read_bytes())), RunNote()
        if all(type(getattr(note, name)) is type(value) for name, value in asdict(none).items()):
            return note
    return RunNote()


def note_inputs(root: Path, kind: str, inputs: Iterable[str | Path]) -> None:
    """Say what the output is, and where the outputs that it is made from lie beside it; nothing in a store."""
    if isinstance(root, Path):
        local = [Path(each) for each in inputs if "://" not in str(each)]
        folders = [path if path.is_dir() else path.parent for path in local]
        made_from = [relpath(each.absolute(), root.absolute()) for each in folders]
        _write(root, replace(read_run(root), kind=kind, made_from=made_from))


def note_stages(root: Path, runs: Mapping[str, StageRun]) -> None:
    """Say what each stage took."""
    seconds = {name: round(run.seconds, 3) for name, run in runs.items()}
    peaks = {name: run.peak_bytes for name, run in runs.items() if run.peak_bytes}
    _write(root, replace(read_run(root), seconds=seconds, peak_bytes=peaks))


def _write(root: Path, note: RunNote) -> None:
    if note == read_run(root):
        return
    if not isinstance(root, Path):
        from corpus.files.manifest import write_json

        write_json(root / RUN_FILE, asdict(note))
        return
    root.mkdir(parents=True, exist_ok=True)  # a run begins with this note
    temporary = root / f".tmp-{RUN_FILE}"
    temporary.write_text(json.dumps(asdict(note), indent=1) + "\n", "utf-8", "backslashreplace")
    temporary.replace(root / RUN_FILE)
