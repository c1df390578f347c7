"""Benchmarks as they are given away: JSON lines, tables and lists of lines, compressed or not, to passages of text.

An example becomes its passages: the texts that a page would have to hold for it to be a leak. The question and each of
its answers are one passage, so that words across the border between them count; a premise and a hypothesis are two.
What no form fits is an error that names the file and the line: a benchmark that is read as nothing would leave its
leaks where they are.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from corpus.document import Quarantined
from corpus.errors import CorpusloomError, ExitCode
from corpus.json_types import JsonObject
from corpus.readers.lines import read_whole

_LABEL = re.compile(r"[A-Z]+:[A-Za-z]+ ")  # TREC's: "NUM:dist How far is it …"
_MEND = "mend the line, or leave the file out"
_COMPRESSED = (".gz", ".zst", ".xz", ".bz2", ".lzma")
_TEXT_COLUMNS = ("text", "sentence", "sentence1", "sentence2", "question", "question1", "question2", "premise")
_NAMED_COLUMNS = frozenset({*_TEXT_COLUMNS, "hypothesis", "passage"})

Passages = tuple[str, ...]


class BenchmarkError(CorpusloomError):
    """A file that is no benchmark, or a line of one that is no example."""

    code = ExitCode.INPUT


@dataclass(frozen=True)
class _Form:
    """A kind of JSON line: the fields that it must have, each with the type of its value, and the passages of one."""

    fields: dict[str, type]
    passages: Callable[[dict[str, Any]], Sequence[str]]


def _join(before: str, *endings: str) -> list[str]:
    return [f"{before} {ending}" for ending in endings] or [before]


# The first form whose fields a file's first line has is the form of the file.
# More fields come before fewer: context + answer would also fit a line with aliases, and lose them.
_FORMS = (
    _Form(
        {"context_options": list, "continuation": str},
        lambda row: [f"{option} {row['continuation']}" for option in row["context_options"]],
    ),
    _Form({"context": str, "continuation": str}, lambda row: _join(row["context"], row["continuation"])),
    _Form(
        {"context": str, "answer": str, "aliases": list},
        lambda row: _join(row["context"], row["answer"], *row["aliases"]),
    ),
    _Form({"context": str, "answer": str}, lambda row: _join(row["context"], row["answer"])),
    _Form({"query": str, "choices": list}, lambda row: _join(row["query"], *row["choices"])),
    _Form({"question": str, "choices": dict}, lambda row: _join(row["question"], *row["choices"].values())),
    _Form({"question": str, "choices": list}, lambda row: _join(row["question"], *row["choices"])),
    _Form({"question": str, "answer": str}, lambda row: _join(row["question"], row["answer"])),
    _Form({"premise": str, "hypothesis": str}, lambda row: [row["premise"], row["hypothesis"]]),
    _Form({"sentence1": str, "sentence2": str}, lambda row: [row["sentence1"], row["sentence2"]]),
    _Form({"text": str}, lambda row: [row["text"]]),
    _Form({"sentence": str}, lambda row: [row["sentence"]]),
)


def benchmark_name(path: str) -> str:
    """The name of a benchmark: its file without the endings, after its folder.

    `data/cola/in_domain_dev.tsv.gz` is `cola/in_domain_dev`.
    """
    *folders, file = path.replace("\\", "/").rstrip("/").split("/")
    stem = file
    for suffix in (*_COMPRESSED, ".jsonl", ".json", ".tsv", ".csv", ".txt"):
        stem = stem.removesuffix(suffix)
    return "/".join([*folders[-1:], stem or file])


def read_benchmark(path: Path, name: str) -> list[Passages]:
    """The passages of each example of a file, in order. `BenchmarkError` names the file, and the line that is wrong."""
    whole = b""
    try:
        whole = b"".join(_whole_piece(piece, name) for piece in read_whole(path, name))
        text = whole.decode("utf-8-sig")  # -sig: without the byte order mark
    except UnicodeDecodeError as error:
        line = whole.count(b"\n", 0, error.start) + 1
        raise BenchmarkError(f"{name}:{line}: not UTF-8 ({error.reason}); convert it, or leave it out") from error
    except OSError as error:
        raise BenchmarkError(f"{name}: cannot be read: {error.strerror or error}; fetch it again") from error
    format_of = name
    # `cola.tsv.gz` is a table; JSON is also known by its first character, whatever its name.
    for suffix in _COMPRESSED:
        format_of = format_of.removesuffix(suffix)
    if format_of.endswith((".jsonl", ".json")) or text.lstrip().startswith("{"):
        examples = list(_of_json(text, name))
    elif format_of.endswith((".tsv", ".csv")):
        examples = list(_of_table(text, name, "\t" if format_of.endswith(".tsv") else ","))
    else:
        examples = list(_of_lines(text))
    if not any(passage.strip() for passages in examples for passage in passages):
        raise BenchmarkError(f"{name}: no example in it; fetch it again, or leave it out")
    return examples


def _whole_piece(piece: bytes | Quarantined, name: str) -> bytes:
    if isinstance(piece, Quarantined):
        what = f"{piece.reason}: {piece.detail}"
        raise BenchmarkError(f"{name}: damaged at byte {piece.offset:,} ({what}); fetch it again")
    return piece


def _of_json(text: str, name: str) -> Iterator[Passages]:
    form: _Form | None = None
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: it also splits at U+2028, which JSON may hold
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BenchmarkError(f"{name}:{number}: not JSON ({error}); {_MEND}") from error
        if not isinstance(row, dict):
            raise BenchmarkError(f"{name}:{number}: no JSON object but a {type(row).__name__}")
        form = form or _form_of(row, name, number)
        yield _passages(form, row, name, number)


def _form_of(row: JsonObject, name: str, number: int) -> _Form:
    for form in _FORMS:
        if form.fields.keys() <= row.keys():
            return form
    known = " | ".join(" + ".join(form.fields) for form in _FORMS)
    raise BenchmarkError(
        f"{name}:{number}: its fields ({', '.join(sorted(row)) or 'none'}) are no known form of a benchmark; "
        f"rename them to one of: {known}"
    )


def _passages(form: _Form, row: JsonObject, name: str, number: int) -> Passages:
    for field, kind in form.fields.items():
        if field not in row:
            raise BenchmarkError(f"{name}:{number}: the field {field!r} is missing, which the first line has")
        if not isinstance(row[field], kind):
            found = type(row[field]).__name__
            raise BenchmarkError(f"{name}:{number}: the field {field!r} is a {found}, not a {kind.__name__}")
    passages = tuple(form.passages(row)) if _holds_texts(form, row) else ()
    if not passages:
        fields = ", ".join(form.fields)
        raise BenchmarkError(f"{name}:{number}: not all that {fields} hold are texts")
    return passages


def _holds_texts(form: _Form, row: JsonObject) -> bool:
    values = [row[field] for field in form.fields]
    items = [item for value in values if isinstance(value, list) for item in value]
    items += [item for value in values if isinstance(value, dict) for item in value.values()]
    return all(isinstance(item, str) for item in items)


def _of_table(text: str, name: str, delimiter: str) -> Iterator[Passages]:
    # Tables of tabs quote nothing: in `Is "yes` the mark is text, and a quoting reader would swallow lines up to the
    # next.
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not row:
                continue
            if rows and len(row) != len(rows[0]):
                said = f"{len(row)} columns, and the first line has {len(rows[0])}"
                raise BenchmarkError(f"{name}:{reader.line_num}: {said}; {_MEND}")
            rows.append(row)
    except csv.Error as error:
        raise BenchmarkError(f"{name}:{reader.line_num}: {error}; {_MEND}") from error
    columns, rows = _text_columns(rows)
    if rows and not columns:
        raise BenchmarkError(f"{name}: none of its {len(rows[0])} columns holds texts; leave it out")
    for row in rows:
        yield tuple(row[column] for column in columns)


def _text_columns(rows: list[list[str]]) -> tuple[list[int], list[list[str]]]:
    """The columns that hold texts, and the rows without a header.

    They are those that a header names, or without one those with several words in most rows.
    """
    if not rows:
        return [], rows
    header = [cell.strip().lower() for cell in rows[0]]
    if named := [column for column, cell in enumerate(header) if cell in _NAMED_COLUMNS]:
        return named, rows[1:]
    # Of [["1", "a cat sat"], ["0", "dogs"], ["1", "it ran"]] the columns have 0 and 2 cells of several words: the
    # second.
    several = [sum(len(row[column].split()) > 1 for row in rows) for column in range(len(header))]
    return [column for column, count in enumerate(several) if 2 * count > len(rows)], rows


def _of_lines(text: str) -> Iterator[Passages]:
    """A line an example; a label at the head of every line, `NUM:dist How far …`, is not of the text."""
    # Only where every line has one: in a corpus of plain sentences `NB:see …` is text.
    lines = [line for line in text.split("\n") if line.strip()]
    labelled = all(_LABEL.match(line) for line in lines)
    for line in lines:
        yield (_LABEL.sub("", line, count=1) if labelled else line,)
