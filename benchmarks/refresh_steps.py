"""The steps that benchmarks/refresh_faults.py kills: a command each, and how the folder is changed before it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpus.sample.months import write_month

DOMAIN = "forgetme.example"
_DEFINITION = """
output = "data"
[[source]]
name = "webtext"
submissions = "incoming/RS_*"
pages = "incoming/crawl/*/*.warc.gz"
{flags}
[tokenizer]
path = "tokenizer"
[shards]
validation_share = 0.2
[run]
flags = ["--direct_num_workers=1"]
"""


@dataclass(frozen=True)
class Step:
    """A command over a folder: how the folder is changed before it, and its flags."""

    name: str
    change: Callable[[Path], None]
    flags: tuple[str, ...] = ("run",)


def month(name: str, first: int, **more: int) -> Callable[[Path], None]:
    """A month of five pages; `more` maps paths on the domain that is forgotten to articles."""
    extra = [(f"https://{DOMAIN}/{path}", number) for path, number in more.items()]
    return lambda folder: write_month(folder / "incoming", name, range(first, first + 5), extra)


def aside(folder: Path) -> None:
    """A month that came twice, one broken, one empty."""
    incoming = folder / "incoming"
    shutil.copytree(incoming / "crawl" / "2016-09", incoming / "crawl" / "2016-10")
    shutil.copy(incoming / "RS_2016-09.jsonl", incoming / "RS_2016-10.jsonl")
    for name, data in (("2016-11", b"<html>502</html>\n" * 9), ("2016-12", b"")):
        (incoming / "crawl" / name).mkdir()
        (incoming / "crawl" / name / "pages.warc.gz").write_bytes(data)
        (incoming / f"RS_{name}.jsonl").write_bytes(data)


def withdrawn(folder: Path) -> None:
    """The first month goes."""
    shutil.rmtree(folder / "incoming" / "crawl" / "2016-07")
    (folder / "incoming" / "RS_2016-07.jsonl").unlink()


def recipe(folder: Path) -> None:
    """Another recipe."""
    (folder / "corpus.toml").write_text(_DEFINITION.format(flags='flags = { languages = "all" }'))


def same(folder: Path) -> None:
    """Nothing changes."""


STEPS = (
    Step("first", month("2016-07", 0)),
    Step("second", month("2016-09", 5, one=40)),
    Step("late", month("2016-08", 10, two=41)),
    Step("aside", aside),
    Step("withdrawn", withdrawn),
    Step("recipe", recipe),
    Step("forget", same, ("forget", "--domain", DOMAIN)),
    Step("rollback", same, ("rollback", "--to", "1")),
)


def begin(folder: Path) -> None:
    """A folder without a month: a definition, and a tokenizer to which a byte is a token."""
    (folder / "incoming").mkdir(parents=True)
    (folder / "corpus.toml").write_text(_DEFINITION.format(flags=""))
    _write_tokenizer(folder / "tokenizer")


def _write_tokenizer(folder: Path) -> None:
    from corpus.tokenizer.encoding import tokenizer_from
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.models import byte_characters, gpt2_model

    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    folder.mkdir()
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)
