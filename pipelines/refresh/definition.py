"""`corpus.toml`: what a corpus is made of and how it is kept current, as typed values.

The definition is read strictly: a key that does not exist is named together with the nearest one that does, because a
misspelt gate would otherwise guard nothing. Paths are relative to the folder of the file, and the command works in that
folder, so that rows name their archives as the definition does, wherever the corpus lies.

Everything that decides bytes stands here or in the files that it names. The schema for editors is made of these.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from corpus.command_line import nearest
from corpus.errors import CorpusloomError, ExitCode
from corpus.files.storage import is_remote

Patterns = str | list[str]
Share = Annotated[float, Meta(ge=0, le=1)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="small letters, digits, - and _")]


class SourceSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """A source: its files by kind, its recipe, and further flags of its build command."""

    name: Name
    recipe: Annotated[str, Meta(description="of its build command; the command's own default where none is given")] = ""
    submissions: Annotated[Patterns, Meta(description="WebText: submission dumps")] = ""
    pages: Annotated[Patterns, Meta(description="WebText and Common Crawl: crawl files")] = ""
    dumps: Annotated[Patterns, Meta(description="Wikipedia: MediaWiki dumps")] = ""
    books: Annotated[Patterns, Meta(description="books: plain text or JSON lines")] = ""
    collinfo: Annotated[
        str,
        Meta(description="list of crawls as index.commoncrawl.org/collinfo.json; pages of other folders are left out"),
    ] = ""
    flags: Annotated[
        dict[str, str | int | float | bool | list[str]],
        Meta(description="further flags of the build command, without dashes: min-karma = 5"),
    ] = {}


class TokenizerSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """The tokenizer: given as a folder, or trained on the corpus once (`frozen`) or at every refresh (`retrained`)."""

    kind: Literal["gpt2", "gpt1", "sentencepiece"] = "gpt2"
    vocab_size: Annotated[int, Meta(ge=2)] | None = None
    policy: Literal["frozen", "retrained"] = "frozen"
    path: Annotated[str, Meta(description="a tokenizer to take instead of training one")] = ""
    sample_bytes: Annotated[int, Meta(ge=1)] = 10**9


class ShardsSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """The token shards; `write = false` leaves tokenizer and shards out of releases."""

    write: bool = True
    tokens_a_shard: Annotated[int, Meta(ge=1)] = 100_000_000
    validation_share: Annotated[float, Meta(ge=0, lt=1)] = 0.005
    budget: Annotated[int, Meta(ge=0)] = 0
    temperature: Annotated[float, Meta(ge=0.01)] = 1.0


class Retention(Struct, kw_only=True, forbid_unknown_fields=True):
    """How many releases are kept, and what happens to older ones that hold what was forgotten."""

    releases: Annotated[int, Meta(ge=1)] = 6
    forgotten: Literal["purge", "mark"] = "purge"


class Gate(Struct, kw_only=True, forbid_unknown_fields=True):
    """Bounds of a figure: at least, at most, and how far it may move from what it was in the current release.

    `change` is relative to what the figure was, either way; `fall` is the same downwards only. For `languages` and
    `scores`, which are distributions, `change` is the population stability index.
    """

    least: float | None = None
    most: float | None = None
    change: Annotated[float, Meta(ge=0)] | None = None
    fall: Annotated[float, Meta(ge=0, le=1)] | None = None


class Gates(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a release must meet. The bounds that stand here hold where the definition says nothing of a figure."""

    kept_documents: Gate = field(default_factory=lambda: Gate(least=1, fall=0.5))  # a download that stopped half-way
    kept_rate: Gate = field(default_factory=lambda: Gate(change=0.5))  # of documents judged; another recipe or crawl
    duplicate_rate: Gate = field(default_factory=lambda: Gate(most=0.9))  # the same snapshot under two names
    # A stability index above .25 is what credit scoring, where it comes from, calls another population.
    languages: Gate = field(default_factory=lambda: Gate(change=0.25))
    scores: Gate = field(default_factory=lambda: Gate(change=0.25))
    tokens_a_document: Gate = field(default_factory=lambda: Gate(change=0.5))
    bytes_a_token: Gate = field(default_factory=lambda: Gate(change=0.2))  # a tokenizer that fits no longer


# A gate has the name of a figure (`corpus.releases.figures`).
GATES = Gates.__struct_fields__


class OptOut(Struct, kw_only=True, forbid_unknown_fields=True):
    """Files with one domain, URL or id a line (# comments); what is added there is forgotten at the next refresh."""

    domains: Patterns = []
    urls: Patterns = []
    ids: Patterns = []


class RunSection(Struct, kw_only=True, forbid_unknown_fields=True):
    """How builds run: further flags of every build command, and Beam's."""

    flags: list[str] = []
    max_quarantined: Share = 0.05


class CorpusDefinition(Struct, kw_only=True, forbid_unknown_fields=True):
    """A corpus: `output` holds releases/, work/ and index/."""

    output: str
    source: list[SourceSection]
    tokenizer: TokenizerSection = field(default_factory=TokenizerSection)
    shards: ShardsSection = field(default_factory=ShardsSection)
    mixture: dict[str, Annotated[int, Meta(ge=1)]] = {}
    retention: Retention = field(default_factory=Retention)
    gates: Gates = field(default_factory=Gates)
    opt_out: OptOut = field(default_factory=OptOut)
    run: RunSection = field(default_factory=RunSection)

    @property
    def root(self) -> Path:
        """The folder of the corpus."""
        return Path(self.output)

    @property
    def weights(self) -> dict[str, int]:
        """The integer weight of each source in the mixture, 1 where none is given."""
        return {source.name: self.mixture.get(source.name, 1) for source in self.source}


def patterns(value: Patterns) -> list[str]:
    """One pattern or several, as a list; nothing for an empty one."""
    return [value] if isinstance(value, str) and value else list(value)


def read_definition(path: Path) -> CorpusDefinition:
    """The definition in a file; `CorpusloomError` (2) naming the key that is wrong."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(f"{path}: {error.strerror}; give the file that defines the corpus") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(f"{path}: no TOML: {error}") from error
    # Before `convert`, which refuses an unknown key too, but knows no nearest one.
    _check_keys(values, CorpusDefinition, str(path))
    try:
        definition = msgspec.convert(values, CorpusDefinition)
    except msgspec.ValidationError as error:
        raise _wrong(f"{path}: {error}") from error
    _check(definition, path)
    return definition


def _check_keys(values: Any, kind: Any, where: str) -> None:
    """Every key of a table is a field of its class."""
    # The class inside list[SourceSection], or the table inside dict[…]; a plain type has no arguments and stays.
    kind = next((each for each in getattr(kind, "__args__", ()) if _is_struct(each)), kind)
    if isinstance(values, list):
        for number, item in enumerate(values):
            _check_keys(item, kind, f"{where}[{number}]")
    if not isinstance(values, dict) or not _is_struct(kind):
        return
    known = {each.name: each.type for each in msgspec.structs.fields(kind)}
    for key, value in values.items():
        if key not in known:
            near = nearest(key, list(known))
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
            raise _wrong(f"{where}: no key {key!r}; {hint}")
        _check_keys(value, known[key], f"{where}: {key}")


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _check(definition: CorpusDefinition, path: Path) -> None:
    """What types cannot say."""
    names = [source.name for source in definition.source]
    if not names:
        raise _wrong(f"{path}: no [[source]]; a corpus needs one")
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise _wrong(f"{path}: two sources are called {doubled[0]!r}; give each a name of its own")
    # A weight for a source that is none would be left out of the mixture in silence.
    for name in definition.mixture:
        if name not in names:
            near = nearest(name, names)
            raise _wrong(f"{path}: mixture: no source {name!r}; {f'did you mean {near!r}?' if near else names}")
    for source in definition.source:
        files = (name for key in ("submissions", "pages", "dumps", "books") for name in patterns(getattr(source, key)))
        if remote := next(filter(is_remote, files), ""):
            raise _wrong(
                f"{path}: source {source.name!r}: {remote!r}: a refresh looks for new files on this machine; mount the "
                "bucket, or copy its files here"
            )
    if is_remote(definition.output):
        raise _wrong(f"{path}: output = {definition.output!r}: releases need a folder with links; give one")


def schema() -> str:
    """The JSON schema of the definition, for editors."""
    return json.dumps(msgspec.json.schema(CorpusDefinition), indent=1, sort_keys=True) + "\n"


def show_definition(definition: CorpusDefinition) -> str:
    """The whole definition with its defaults, as JSON."""
    return json.dumps(msgspec.to_builtins(definition), indent=1, ensure_ascii=False) + "\n"


def _wrong(message: str) -> CorpusloomError:
    return CorpusloomError(message, ExitCode.FLAGS)
