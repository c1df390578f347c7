"""The rows of `kept/`, `rejected/` and `quarantined/`: a column is a field of the classes of `corpus.document`.

Apart from those classes, because Arrow takes longer to import than a process that parses pages takes to start.
"""

from dataclasses import fields
from typing import Any, TypeAlias

import orjson
import pyarrow as pa

from corpus.document import Document, Quarantined, Rejected

# A row of these tables, by column: texts and numbers, and None where a number is not known.
Row: TypeAlias = dict[str, str | int | float | None]

_TYPES: dict[str, pa.DataType] = {
    "karma": pa.int64(),
    "language_probability": pa.float64(),
    "quality_score": pa.float64(),
    "repeated_characters": pa.int64(),
    "text": pa.large_string(),  # more than 2 GiB of text in a column have no int32 offsets
    "warc_offset": pa.int64(),
}
KEPT_SCHEMA = pa.schema([(field.name, _TYPES.get(field.name, pa.string())) for field in fields(Document)])
REJECTED_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "url", "canonical_url", "step", "rule")),
        ("value", pa.float64()),
        ("evidence", pa.string()),
        ("other_id", pa.string()),
        *(field for field in KEPT_SCHEMA if field.name not in {"id", "url", "canonical_url"}),
    ]
)
QUARANTINED_SCHEMA = pa.schema(
    [("file", pa.string()), ("offset", pa.int64()), ("reason", pa.string()), ("detail", pa.string())]
)


def kept_row(document: Document) -> Row:
    """A document as a row of `KEPT_SCHEMA`.

    Measures are one JSON object with six significant digits: stages hand rows on, and a string costs them nothing.
    """
    row = {name: getattr(document, name) for name in KEPT_SCHEMA.names}
    found = {name: float(f"{value:.6g}") for name, value in document.measures}  # .123456, not 17 digits
    return {**row, "measures": orjson.dumps(found).decode() if found else ""}


def rejected_row(rejected: Rejected) -> Row:
    """A rejection as a row of `REJECTED_SCHEMA`."""
    row = kept_row(rejected.document)
    row.update(
        step=rejected.step,
        rule=rejected.rule,
        value=rejected.value,
        evidence=rejected.evidence,
        other_id=rejected.other_id,
    )
    return row


def quarantined_row(quarantined: Quarantined) -> Row:
    """A quarantined piece as a row of `QUARANTINED_SCHEMA`."""
    return {name: getattr(quarantined, name) for name in QUARANTINED_SCHEMA.names}


# A page after extraction: a text (`step` is ""), or why it has none.
EXTRACTED_SCHEMA = REJECTED_SCHEMA


def extracted_row(page: Document | Rejected) -> Row:
    """An extracted page as a row of `EXTRACTED_SCHEMA`."""
    return rejected_row(page if isinstance(page, Rejected) else page.reject(""))


def from_extracted(row: dict[str, Any]) -> Document | Rejected:
    """The inverse of `extracted_row`."""
    # Keys in the order in which they were written.
    measures = tuple(orjson.loads(row["measures"]).items()) if row["measures"] else ()
    document = Document(**{name: row[name] for name in KEPT_SCHEMA.names if name != "measures"}, measures=measures)
    if not row["step"]:
        return document
    return Rejected(document, f"{row['step']}.{row['rule']}", row["value"], row["evidence"], row["other_id"])
