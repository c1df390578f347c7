"""The sums that a report is made of: over all documents, by host, by reason. They take in a batch of rows at a time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# pyarrow makes these functions at import, where no type checker sees them.
compute: Any = pc


@dataclass(frozen=True)
class Amount:
    """Documents and the bytes of their texts."""

    documents: int = 0
    text_bytes: int = 0


@dataclass
class HostTally:
    """The documents of one registrable domain; `scored` have a quality score."""

    documents: int = 0
    characters: int = 0
    scored: int = 0
    quality: float = 0.0


NO_HOST = HostTally()


@dataclass
class DocumentTally:
    """Distributions over documents. `lengths` are in characters and leave out documents without text.

    `first` and `last` are the days of the earliest and the latest capture.
    """

    documents: int = 0
    text_bytes: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    hosts: dict[str, HostTally] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    karma: Counter[int] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch that has the columns which `facts` reads."""
        self.documents += batch.num_rows
        self.text_bytes += compute.sum(compute.binary_length(batch["text"])).as_py() or 0
        lengths = compute.utf8_length(batch["text"])
        count(self.lengths, lengths.filter(compute.greater(lengths, 0)))
        count(self.months, compute.utf8_slice_codeunits(batch["first_posted"], 0, 7))  # YYYY-MM of a date
        for name, counter in (("language", self.languages), ("domain", self.domains), ("karma", self.karma)):
            count(counter, batch[name])
        self._add_hosts(pa.table([batch["domain"], lengths, batch["quality_score"]], ["host", "length", "score"]))
        days = [day[:10] for day in compute.unique(batch["date"]).to_pylist() if day]
        self.first = min(filter(None, [self.first, *days]), default="")
        self.last = max([self.last, *days])

    def _add_hosts(self, table: pa.Table) -> None:
        sums = table.group_by("host").aggregate(
            [("length", "sum"), ("score", "sum"), ("score", "count"), ([], "count_all")]
        )
        for row in sums.to_pylist():
            host = self.hosts.setdefault(row["host"], HostTally())
            host.documents += row["count_all"]
            host.characters += row["length_sum"] or 0
            host.scored += row["score_count"]
            host.quality += row["score_sum"] or 0.0


def count(counter: Counter[Any], column: pa.Array) -> None:
    """Add the values of a column to a counter."""
    found = compute.value_counts(column)
    for value, count in zip(found.field(0).to_pylist(), found.field(1).to_pylist(), strict=True):
        if value is not None:
            counter[value] += count
