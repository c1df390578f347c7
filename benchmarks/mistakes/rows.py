"""The mistakes: each a command, the exit code it must end with, and words of the cause and of the cure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.mistakes.world import MistakesWorld

# Modules that an installation may lack, hidden by a finder that Python runs before everything else.
_HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""
_OLD_PYTHON = "import sys\nsys.version_info = (3, 10, 4, 'final', 0)\n"


@dataclass(frozen=True)
class Slip:
    """One row of the table. `says` are words that the one sentence must have: of the cause first, of the cure last."""

    name: str
    command: list[str]
    code: int
    says: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


def mistakes(world: MistakesWorld) -> list[Slip]:
    """All rows, over a world that is made."""
    return [
        *_flags(world),
        *_inputs(world),
        *_outputs(world),
        *_useless(world),
        *_damage(world),
        *_machine(world),
        *_trainer(world),
    ]


def _books(world: MistakesWorld, *more: str, output: str = "out") -> list[str]:
    given = [] if "--books" in more else ["--books", world / "books.jsonl"]
    return ["pipelines.build_books", *given, "--output", world / output, *_one(more), *more]


def _webtext(world: MistakesWorld, *more: str, output: str = "web") -> list[str]:
    given = [] if "--submissions" in more else ["--submissions", world / "RS.jsonl"]
    given += [] if "--pages" in more else ["--pages", world / "pages.warc"]
    return ["pipelines.build_webtext", *given, "--output", world / output, *_one(more), *more]


def _one(more: tuple[str, ...]) -> list[str]:
    named = any(word.startswith(("--direct_num_workers", "--runner")) for word in more)
    return [] if named else ["--direct_num_workers=1"]


def _tokenizer(world: MistakesWorld, *more: str, output: str = "tok") -> list[str]:
    given = [] if "--corpus" in more else ["--corpus", world / "corpus"]
    return ["pipelines.train_tokenizer", *given, "--output", world / output, "--direct_num_workers=1", *more]


def _flags(w: MistakesWorld) -> list[Slip]:
    required = ["pipelines.build_webtext", "--submision", "a", "--pages", w / "pages.warc", "--output", w / "web"]
    shards = w.shards("s", "--memory-mb")
    return [
        Slip("typo of a required flag", required, 2, ("--submision", "did you mean --submissions?")),
        Slip("typo of another flag", _webtext(w, "--min-karmo", "4"), 2, ("--min-karmo", "did you mean --min-karma")),
        Slip("typo of a flag of Beam", _books(w, "--direct_num_worker", "2"), 2, ("did you mean --direct_num_w",)),
        Slip("a flag without its value", _books(w, "--runner"), 2, ("--runner", "expected one argument")),
        Slip("--captures-a-part -1", _webtext(w, "--captures-a-part", "-1"), 2, ("--captures-a-part", "at least 1")),
        Slip("--max-quarantined 7", _books(w, "--max-quarantined", "7"), 2, ("--max-quarantined", "from 0 to 1")),
        Slip("--max-quarantined nan", _books(w, "--max-quarantined", "nan"), 2, ("--max-quarantined", "from 0 to 1")),
        Slip("--direct_num_workers -3", _books(w, "--direct_num_workers", "-3"), 2, ("--direct_num_workers -3", "0")),
        Slip("--validation-share 1.5", w.shards("s", "--validation-share", "1.5"), 2, ("--validation-share", "below")),
        Slip("--tokens-a-shard 0", w.shards("s", "--tokens-a-shard", "0"), 2, ("--tokens-a-shard", "at least 1")),
        Slip("more memory than there is", [*shards, "999000000"], 2, ("--memory-mb", "this machine has", "give less")),
        Slip("too little memory", [*shards, "10"], 2, ("--memory-mb 10 is too little", "at least")),
        Slip("a vocabulary of 10^12", _tokenizer(w, "--vocab-size", str(10**12), "--dry-run"), 2, ("--vocab-size",
                "from 2 to")),
        Slip("a day that is none", _webtext(w, "--created-before", "December"), 2, ("--created-before", "2018-01-01")),
        Slip("days in the wrong order", _webtext(w, "--created-from", "2019-01-01"), 2, ("is not before",)),
        Slip("--languages english", _webtext(w, "--languages", "english"), 2, ("--languages", "did you mean en?")),
        Slip("an unknown language", _webtext(w, "--languages", "qq"), 2, ("'qq'", "the model knows")),
        Slip("an unknown block list", _webtext(w, "--block", "no"), 2, ("--block: no block list 'no'", "media")),
        Slip("a weight of 0.5", w.shards("s", "--source", f"more={w / 'corpus'}:0.5"), 2, ("0.5", "whole weight")),
        Slip("a source's name with blanks", w.shards("s", "--source", f"a b={w / 'corpus'}:1"), 2, ("a b", "letters")),
        Slip("an unknown engine", _books(w, "--runner", "SparkRuner"), 2, ("no such engine", "SparkRunner")),
        Slip("Dataflow without a project", _books(w, "--runner", "DataflowRunner"), 2, ("needs --project",)),
        Slip("an id to remove that is nowhere", w.shards("s", "--remove-ids", w.file("ids", "nobody\n")), 3,
                ("--remove-ids", "nobody", "leave it out")),
        Slip("a domain to remove that is nowhere", w.shards("s", "--remove-domain", "no.example"), 3,
                ("--remove-domain", "no.example", "leave it out")),
    ]  # fmt: skip


def _inputs(w: MistakesWorld) -> list[Slip]:
    w.file("empty.jsonl")
    (w.root / "folder").mkdir(exist_ok=True)
    url = "https://example.org/books.jsonl"
    return [
        Slip("a missing file", _books(w, "--books", w / "nothing.jsonl"), 3, ("--books", "finds no file")),
        Slip("a pattern that finds nothing", _books(w, "--books", w / "*.zst"), 3, ("finds no file",)),
        Slip("a folder for a file", _books(w, "--books", w / "folder"), 3, ("is a folder; give its files",)),
        Slip("a web address for a file", _books(w, "--books", url), 2, ("--books", "web address", "download")),
        Slip("an empty file", _books(w, "--books", w / "empty.jsonl"), 3, ("empty.jsonl is empty", "fetch it again")),
        Slip("a missing --domains", _webtext(w, "--domains", w / "none.txt"), 2, ("--domains", "none.txt", "give")),
        Slip("a missing language model", _webtext(w, "--language-model", w / "none"), 3, ("no language model", "run")),
        Slip("a corpus that is none", _tokenizer(w, "--corpus", w / "folder"), 3, ("_MANIFEST.json", "run its")),
        Slip("a corpus that is not there", _tokenizer(w, "--corpus", w / "nowhere"), 3, ("no such corpus", "build it")),
        Slip("a tokenizer that is not there", w.shards("s", "--tokenizer", w / "nowhere"), 3, ("nowhere",)),
        Slip("a report of no build", ["corpus.report", w / "folder"], 3, ("_MANIFEST.json", "run its command")),
        Slip("an archive that is not there", ["corpus.readers.warc", w / "none.warc.gz"], 3, ("none.warc.gz", "check")),
        Slip("shards of no build", ["corpus.shards", "verify", w / "folder"], 3, ("manifest.json", "build_shards")),
        Slip("blanks and CJK in paths, C locale", _books(w, "--books", w.file("一 本.jsonl",
                Path(w / "books.jsonl").read_bytes()), output="出 力"), 0, (), {"LC_ALL": "C"}),
        Slip("an output whose name is no text", _books(w, output="出力"), 2, ("--output", "LC_ALL=C.UTF-8"),
             {"LC_ALL": "C", "PYTHONUTF8": "0"}),
    ]  # fmt: skip


def _outputs(w: MistakesWorld) -> list[Slip]:
    first = w.root / "first-edition"
    (first / "stages" / "documents" / "units").mkdir(parents=True, exist_ok=True)
    w.file("first-edition/_MANIFEST.json", "{}")
    w.file("mine/notes.txt", "mine")
    other = w.copy("tokenizer", "tokenizer-2")
    w.file(
        "tokenizer-2/tokenizer.json", (other / "tokenizer.json").read_bytes().replace(b"<|endoftext|>", b"<|theend|>")
    )
    return [
        Slip("the output is a file", _books(w, output="books.jsonl"), 2, ("--output", "give a folder")),
        Slip("the output cannot be written", _books(w, "--output", "/proc/corpus"), 2, ("--output /proc/corpus",)),
        Slip("a sample that cannot be written", ["corpus.sample", "/proc/web"], 3, ("/proc/web", "check")),
        Slip("the output is somebody's folder", _books(w, output="mine"), 2, ("notes.txt", "choose an empty folder")),
        Slip("the output holds another kind", _books(w, output="shards"), 2, ("token shards, not a corpus", "choose")),
        Slip("the output is of the first edition", _books(w, output="first-edition"), 2, ("earlier", "--replace")),
        Slip("other flags over a corpus", _books(w, "--recipe", "gpt1-books", output="corpus"), 2, ("--recipe was",
                "--replace")),
        Slip("other inputs over a corpus", _books(w, "--books", w / "more.jsonl", output="corpus"), 2, ("--books",
                "--replace")),
        Slip("other flags over shards", w.shards("shards", "--tokens-a-shard", "999"), 2, ("--tokens-a-shard was",
                "--replace")),
        Slip("another tokenizer over shards", w.shards("shards", "--tokenizer", w / "tokenizer-other"), 2,
                ("--tokenizer was", "--replace")),
        Slip("another vocabulary over a tokenizer", _tokenizer(w, "--vocab-size", "390", output="tokenizer"), 2,
                ("--vocab-size was", "--replace")),
        Slip("the same command again", _books(w, output="corpus"), 0, ()),
    ]  # fmt: skip


def _useless(w: MistakesWorld) -> list[Slip]:
    damaged = w.file("half.jsonl", Path(w / "books.jsonl").read_text() + '\n{"id": "404"' * 9)
    other = w.file("RS-other.jsonl", Path(w / "RS.jsonl").read_text().replace("a.example", "b.example"))
    swapped = _webtext(w, "--submissions", w / "pages.warc", "--pages", w / "RS.jsonl")
    failed = _books(w, "--books", w / "books.jsonl", w.file("month.jsonl", "<html>404</html>"))
    return [
        Slip("inputs swapped", swapped, 3, ("--submissions", "swapped?")),
        Slip("one month is a failed download", failed, 3, ("month.jsonl", "Fetch it again")),
        Slip("a tenth of the input is damaged", _books(w, "--books", damaged), 3, ("9 of 89", "--max-quarantined")),
        Slip("nothing is kept", _books(w, "--books", w / "leaflets.jsonl"), 4, ("none of 1", "text.too_few_words")),
        Slip("too much karma is asked for", _webtext(w, "--min-karma", "999"), 4, ("no post", "too_little_karma")),
        Slip("no page is linked to", _webtext(w, "--submissions", other), 4, ("no page of --pages",)),
    ]


def _damage(w: MistakesWorld) -> list[Slip]:
    part = next(w.copy("corpus", "cut").glob("kept/*.parquet"))
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    manifest = w.copy("corpus", "manifest") / "_MANIFEST.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"rows": ', b'"rows": 1', 1))
    flipped = next(w.copy("shards", "flipped").glob("*/*.arrow"))
    spoilt = bytearray(flipped.read_bytes())
    spoilt[len(spoilt) // 2] ^= 4
    flipped.write_bytes(spoilt)
    source = ["pipelines.build_shards", "--tokenizer", w / "tokenizer", "--output", w / "s", "--direct_num_workers=1"]
    return [
        Slip("a cut-off part, for a tokenizer", _tokenizer(w, "--corpus", w / "cut"), 3, (part.name, "damaged")),
        Slip("a cut-off part, for shards", [*source, "--source", f"a={w / 'cut'}:1"], 3, (part.name, "restore")),
        Slip("a cut-off part, for the report", ["corpus.report", w / "cut"], 3, (part.name, "damaged")),
        Slip("a changed manifest", _tokenizer(w, "--corpus", w / "manifest"), 3, ("_MANIFEST.json is damaged", "run")),
        Slip("a flipped bit in a shard", ["corpus.shards", "verify", w / "flipped"], 3, (flipped.name,)),
    ]


def _machine(w: MistakesWorld) -> list[Slip]:
    hide = {name: str(Path(w.file(f"without-{name}/sitecustomize.py", _HIDE.format(names={name}))).parent)
            for name in ("s3fs", "torch")}  # fmt: skip
    old = str(Path(w.file("old-python/sitecustomize.py", _OLD_PYTHON)).parent)
    hidden = Path(w.file("hidden/corpus.py", "")).parent
    repository = str(Path(__file__).parents[2])
    stores = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none"}
    s3 = _books(w, "--books", "s3://corpusloom-nobody/books.jsonl")
    few = ["/bin/sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *_python(), *_books(w, output="full")]
    files = ["/bin/sh", "-c", 'ulimit -n 10; exec "$@"', "sh", *_python(), *_books(w, output="files")]
    train = ["trainer.train", "--data", w / "shards", "--preset", "tiny", "--output", w / "r"]
    return [
        Slip("s3 without s3fs", s3, 2, ("s3fs is not installed", "pip install 'corpusloom[s3]'"),
                {"PYTHONPATH": f"{hide['s3fs']}:{repository}"}),
        Slip("s3 without credentials", s3, 3, ("no credentials for S3", "AWS_ACCESS_KEY_ID"), stores),
        Slip("no torch", train, 2, ("torch is not installed", "pip install 'corpusloom[train]'"),
                {"PYTHONPATH": f"{hide['torch']}:{repository}"}),
        Slip("Python 3.10", _books(w), 2, ("Python 3.11 or newer",), {"PYTHONPATH": f"{old}:{repository}"}),
        Slip("a corpus.py in the folder", _books(w), 2, ("hides the package", "rename it"), {}, hidden),
        Slip("a full disk", few, 5, ("a file outgrew its limit", "raise it")),
        Slip("too few open files", files, 5, ("too many open files", "ulimit -n")),
    ]  # fmt: skip


def _python() -> list[str]:
    import sys

    return [sys.executable, "-m"]


def _trainer(w: MistakesWorld) -> list[Slip]:
    train = ["trainer.train", "--data", w / "shards", "--output", w / "r"]
    w.file("task.jsonl", '{"text": "x"}\n')
    empty = w / "folder"
    return [
        Slip("typo of a key", [*train, "--preset", "tiny", "stepz=3"], 2, ("stepz", "steps")),
        Slip("an unknown preset", [*train, "--preset", "gpt9"], 2, ("gpt9", "tiny")),
        Slip("typo of a required flag, trainer", ["trainer.train", "--dat", "x", "--output", w / "r"], 2, ("--data",)),
        Slip("a window longer than the data", [*train, "--preset", "tiny", "sequence_length=900000",
                "batch_tokens=900000", "steps=1"], 2, ("900000", "tokens")),
        Slip("a device without card", [*train, "--preset", "tiny", "device=cuda", "steps=1"], 2, ("cuda",)),
        Slip("10^8 layers, dry run", [*train, "--preset", "tiny", "layers=100000000", "--dry-run"], 5, ("does not fit",
                "smaller preset")),
        Slip("shards that are none", ["trainer.train", "--data", empty, "--preset", "tiny", "--output", w / "r"], 3,
                ("manifest.json", "build_shards")),
        Slip("a flipped bit in the shards, trainer", ["trainer.train", "--data", w / "flipped", "--preset", "tiny",
                "--output", w / "r2", "steps=1", "batch_tokens=512"], 3, (".arrow",)),
        Slip("sample of no run", ["trainer.sample", empty], 3, ("folder",)),
        Slip("score of no run", ["trainer.score", empty, "--task", f"hellaswag={w / 'task.jsonl'}"], 3, ("folder",)),
        Slip("export of no run", ["trainer.export", empty, "--output", w / "e"], 3, ("folder",)),
        Slip("finetune of no run", ["trainer.finetune", empty, "--task", "classification", "--train",
                w / "task.jsonl", "--validation", w / "task.jsonl", "--output", w / "f"], 3, ("folder",)),
        Slip("the tokenizer of another run", ["trainer.sample", w / "run", "--tokenizer", w / "tokenizer-other",
                "--tokens", "2"], 3, ("tokenizer-other",)),
        Slip("a changed tokenizer", ["trainer.sample", w / "run", "--tokenizer", w / "tokenizer-2"], 3,
                ("damaged", "copy")),
        Slip("score with a task that is none", ["trainer.score", w / "run", "--task",
                f"hellaswag={w / 'task.jsonl'}"], 3, ("task.jsonl",)),
        Slip("an unknown task", ["trainer.score", w / "run", "--task", f"nothing={w / 'task.jsonl'}"], 2, ("nothing",)),
    ]  # fmt: skip
