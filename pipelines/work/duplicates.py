"""Who duplicates whom, and the final sorting into kept and rejected.

`exact` puts all documents in order of preference and takes out equal captures, pages and texts. `near` (the band
shuffle) finds similar pairs among the rest. `clusters` joins the pairs and decides. `selected` is the one place where
text is copied: each documents part becomes one kept and one rejected part with the verdicts filled in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.dedup.clusters import components, near_duplicates
from corpus.dedup.exact import RULES, exact_duplicates
from corpus.dedup.minhash import MinHash
from corpus.files.manifest import Counts, Part, map_arrow, read_parquet, write_arrow, write_parquet
from corpus.schema import KEPT_SCHEMA, QUARANTINED_SCHEMA, REJECTED_SCHEMA
from pipelines.runtime.band_shuffle import Signatures
from pipelines.runtime.stage import Outcome, Task

ORDER = ".stages/exact/order"
VERDICTS = ".stages/clusters/verdicts"
KEPT, REJECTED, QUARANTINED = "kept", "rejected", "quarantined"

ORDER_SCHEMA = pa.schema(
    [("id", pa.string()), ("part", pa.int32()), ("row", pa.int32()), ("rule", pa.int8()), ("leader", pa.int64())]
)
VERDICTS_SCHEMA = pa.schema(
    [
        ("part", pa.int32()),
        ("row", pa.int32()),
        ("cluster", pa.string()),
        ("rule", pa.string()),
        ("value", pa.float64()),
        ("other_id", pa.string()),
    ]
)


@dataclass(frozen=True)
class OrderDocuments:
    """The one unit of `exact`: payload `parts` (signature files)."""

    def __call__(self, task: Task) -> Outcome:
        """All documents, best first: most karma, then the longest text, the earliest date, the least id."""
        columns = ["id", "page", "text_key", "date", "karma", "characters"]
        tables = [map_arrow(task.root / path).select(columns) for path in task.unit.payload["parts"]]
        empty = pa.table([[] for _ in columns], names=columns)
        table = pa.concat_tables([empty, *tables], promote_options="permissive") if tables else empty
        sizes = [part.num_rows for part in tables]
        part = np.repeat(np.arange(len(sizes)), sizes)
        row = np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, int)
        values = {name: np.array(table[name].to_pylist()) for name in columns}
        keys = (row, part, values["id"], values["date"], -values["characters"], -values["karma"])
        order = np.lexsort(keys) if table.num_rows else np.zeros(0, int)
        found = exact_duplicates([values[name][order] for name in ("id", "page", "text_key")])
        ranked = [values["id"][order].tolist(), part[order], row[order], found.rule, found.leader]
        out = write_arrow(task.part(ORDER, ".arrow"), task.root, pa.table(ranked, ORDER_SCHEMA))
        reasons = {f"duplicates.{rule}": int((found.rule == number).sum()) for number, rule in enumerate(RULES)}
        reasons = {reason: count for reason, count in reasons.items() if count}
        lost = sum(reasons.values())
        return Outcome((out,), Counts(len(order), len(order) - lost, lost, 0, reasons), {"order": out.path})


@dataclass(frozen=True)
class DecideClusters:
    """The one unit of `clusters`: payload `order`, `signatures` and `pairs` (files)."""

    config: MinHash

    def __call__(self, task: Task) -> Outcome:
        """Every document gets its cluster, and a verdict if it leaves; in the order of the parts."""
        payload = task.unit.payload
        order = map_arrow(task.root / payload["order"])
        rule, leader = order["rule"].to_numpy(), order["leader"].to_numpy()
        signatures = Signatures(task.root, payload["signatures"], payload["order"], self.config)
        near = [np.stack([map_arrow(task.root / path)[name].to_numpy() for name in ("leader", "document")], 1)
                for path in payload["pairs"]]  # fmt: skip
        exact = np.stack([leader[rule >= 0], np.flatnonzero(rule >= 0)], 1)
        clusters = components(len(rule), np.concatenate([exact, *near]).astype(int))
        least = self.config.min_similarity
        leaving = near_duplicates(clusters, np.flatnonzero(rule < 0), signatures.similarity, least)
        ids = order["id"].to_pylist()
        rows = [self._verdict(number, rule, leader, leaving) for number in range(len(ids))]
        columns = {
            "part": order["part"],
            "row": order["row"],
            "cluster": [ids[number] for number in clusters.tolist()],
            "rule": [row[0] for row in rows],
            "value": [row[1] for row in rows],
            "other_id": ["" if row[2] < 0 else ids[row[2]] for row in rows],
        }
        verdicts = pa.table(columns, VERDICTS_SCHEMA).sort_by([("part", "ascending"), ("row", "ascending")])
        part = write_arrow(task.part(VERDICTS, ".arrow"), task.root, verdicts)
        alive = int((rule < 0).sum())
        reasons = {"duplicates.near": len(leaving)} if leaving else {}
        sizes = np.bincount(np.bincount(clusters, minlength=len(ids))).tolist() if ids else []
        return Outcome((part,), Counts(alive, alive - len(leaving), len(leaving), 0, reasons), {"sizes": sizes})

    def _verdict(
        self, number: int, rule: np.ndarray, leader: np.ndarray, leaving: dict[int, tuple[int, float]]
    ) -> tuple[str, float | None, int]:
        if rule[number] >= 0:
            return f"duplicates.{RULES[rule[number]]}", None, int(leader[number])
        other, alike = leaving.get(number, (-1, None))
        return ("duplicates.near" if other >= 0 else ""), alike, other


@dataclass(frozen=True)
class SelectDocuments:
    """Work on one documents part: payload `kept`, `rejected`, `verdicts` (files), `start` (its first verdict)."""

    def __call__(self, task: Task) -> Outcome:
        """The final kept and rejected parts."""
        payload = task.unit.payload
        documents = list(read_parquet(task.root / payload["kept"]))
        verdicts = map_arrow(task.root / payload["verdicts"]).slice(payload["start"], len(documents)).to_pylist()
        kept: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        reasons: dict[str, int] = {}
        for document, verdict in zip(documents, verdicts, strict=True):
            document["cluster"] = verdict["cluster"]
            if verdict["rule"]:
                step, _, rule = verdict["rule"].partition(".")
                other = {name: verdict[name] for name in ("value", "other_id")}
                rejected.append({**document, "step": step, "rule": rule, "evidence": "", **other})
                reasons[verdict["rule"]] = reasons.get(verdict["rule"], 0) + 1
            else:
                kept.append(document)
        earlier = read_parquet(task.root / payload["rejected"])
        parts = (
            write_parquet(task.part(KEPT), task.root, KEPT_SCHEMA, kept),
            write_parquet(task.part(REJECTED), task.root, REJECTED_SCHEMA, _chained(earlier, rejected)),
        )
        counts = Counts(len(documents), len(kept), sum(reasons.values()), 0, dict(sorted(reasons.items())))
        return Outcome(_with_rows(task, parts), counts)


@dataclass(frozen=True)
class GatherDamage:
    """The unit that brings together what every stage could not read: payload `parts`."""

    def __call__(self, task: Task) -> Outcome:
        """All quarantined rows, by file and offset."""
        rows = [row for path in task.unit.payload["parts"] for row in read_parquet(task.root / path)]
        rows.sort(key=lambda row: (row["file"], row["offset"], row["reason"], row["detail"]))
        part = write_parquet(task.part(QUARANTINED), task.root, QUARANTINED_SCHEMA, rows)
        return Outcome((part,), Counts(len(rows), len(rows)), {"quarantined": len(rows)})


def _with_rows(task: Task, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts that have rows; readers of folders stumble over those that have none."""
    for part in parts:
        if not part.rows:
            (task.root / part.path).unlink(missing_ok=True)
    return tuple(part for part in parts if part.rows)


def _chained(*tables: Any) -> Iterator[dict[str, Any]]:
    for table in tables:
        yield from table
