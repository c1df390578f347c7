"""The stages of WebText, in order: what each reads, and what depends on what.

`build_webtext` has the flags; the transforms have the work. Here stands the plan: read `run` from top to bottom.
"""

import argparse
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apache_beam as beam

from corpus.block_lists import load
from corpus.cleaning.language import find_model
from corpus.dedup.minhash import MinHash
from corpus.links import LinkRules
from corpus.manifest import MANIFEST, code_version, manifest_digest, read_json, write_json
from corpus.recipes import RECIPES, Recipe, library_versions
from corpus.report.fidelity import read_domains
from corpus.report.write import write_report
from pipelines.command import disk_line
from pipelines.finish import publish_corpus, summary
from pipelines.inputs import InputFile, find_inputs, payload_of, with_digests
from pipelines.progress import watched
from pipelines.stage import Stage, StageError, Unit, Work, complete_manifest, prepare, publish
from pipelines.transforms import band_shuffle, captures, documents, duplicates, links
from pipelines.transforms.map_parts import CHATTER, chatter_in, raise_errors, run_pipeline, run_stage

# Measured on real pages: bytes written for a byte of compressed crawl that links ask for, all stages together.
DISK_SHARE = 0.2
STAGES = (
    "posts", "links", "captures", "targets", "asked", "unanswered", "documents", "signatures",
    "exact", "near", "clusters", "selected", "damage",
)  # fmt: skip
# How much of a stage (in the size of its units: lines, bytes, captures, documents) pays for one more worker process,
# which takes two to four seconds to start.
WORTH_A_WORKER = {
    "posts": 100_000,
    "captures": 200 * 2**20,
    "asked": 5_000_000,
    "documents": 60,
    "signatures": 1_500,
    "selected": 10_000,
}
_SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}")


@dataclass
class Build:
    """One build of WebText into `root`."""

    root: Path
    submissions: list[InputFile]
    pages: list[InputFile]
    recipe: Recipe
    snapshot: str
    max_quarantined: float
    captures_a_part: int
    domains: str
    beam_flags: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def from_flags(flags: argparse.Namespace, beam_flags: list[str]) -> "Build":
        """Check everything that can be checked before the first byte is written."""
        languages = () if flags.languages == "all" else tuple(flags.languages.split(","))
        blocked = tuple(name for name in flags.block or ("media",) if name != "none")
        try:
            rules = LinkRules(
                flags.min_karma,
                flags.karma,
                flags.created_from,
                flags.created_before,
                flags.keep_over_18,
                flags.keep_deleted,
            )
            for name in blocked:
                load(name)
            if flags.domains:
                read_domains(Path(flags.domains))
        except ValueError as error:
            raise StageError(str(error), 2) from error
        return Build(
            root=Path(flags.output),
            submissions=find_inputs([name for group in flags.submissions for name in group], "--submissions"),
            pages=find_inputs([name for group in flags.pages for name in group], "--pages"),
            recipe=RECIPES[flags.recipe](rules, blocked, languages, str(find_model(flags.language_model))),
            snapshot=flags.snapshot,
            max_quarantined=flags.max_quarantined,
            captures_a_part=max(flags.captures_a_part, 1),
            domains=flags.domains,
            beam_flags=beam_flags,
        )

    def plan(self) -> list[str]:
        """What a run would do."""
        size = sum(file.bytes for file in self.pages)
        done = [name for name in STAGES if (self._stage(name, {}).home / MANIFEST).is_file()]
        lines = [f"recipe    {self.recipe.name}: {self.recipe.cites}"]
        for flag, files in (("submissions", self.submissions), ("pages", self.pages)):
            total = sum(file.bytes for file in files)
            lines.append(f"{flag:<11} {len(files)} files, {total / 1e6:,.1f} MB: {_first_names(files)}")
        lines.append(f"stages    {', '.join(STAGES)}")
        lines.append(f"found     {', '.join(done) or 'nothing'} from an earlier run (taken over if nothing changed)")
        lines.append(disk_line(self.root, int(size * DISK_SHARE)))
        return lines

    def run(self) -> list[str]:
        """All stages, the manifest, the report."""
        memory = self.root / "stages" / "inputs.json"
        self.submissions = with_digests(self.submissions, memory)
        self.pages = with_digests(self.pages, memory)
        self.links()
        self.captures()
        self.documents()
        self.duplicates()
        inputs = {"submissions": self.submissions, "pages": self.pages}
        manifest = publish_corpus(self.root, self.recipe, inputs, self.manifests)
        write_report(self.root, self._save_times(), Path(self.domains) if self.domains else None)
        return summary(self.root, manifest)

    def links(self) -> None:
        """Dumps → posts → the link table."""
        rules = self.recipe.links
        units = [Unit(payload_of(file), file.name, _lines(file)) for file in self.submissions]
        posts = self._map("posts", (links.POSTS, links.POSTS_DAMAGE), units, links.ReadPosts(rules), rules=repr(rules))
        ranges = max(1, posts["counts"]["kept"] // links.POSTS_A_RANGE)
        files = _paths(posts, links.POSTS)
        units = [Unit({"range": n, "of": ranges, "parts": files}, f"links {n}", 1) for n in range(ranges)]
        self._map("links", (links.LINKS,), units, links.ReduceLinks(rules), rules=repr(rules), after=("posts",))

    def captures(self) -> None:
        """Archives → what they hold → what of it the links ask for."""
        units = [Unit(payload_of(file), file.name, max(file.bytes, 1)) for file in self.pages]
        owned = (captures.PAGES, captures.EDGES, captures.DAMAGE)
        scanned = self._map("captures", owned, units, captures.ScanCaptures())
        link_files, edges = _paths(self.manifests["links"], links.LINKS), _paths(scanned, captures.EDGES)
        unit = Unit({"links": link_files, "edges": edges}, "redirects")
        work = captures.FollowLinks(self.recipe.links.karma)
        targets = self._map("targets", (captures.TARGETS, captures.LEADS), [unit], work, after=("links", "captures"))
        asked_for = _paths(targets, captures.TARGETS)[0]
        units = [
            Unit({"name": fact["name"], "pages": fact["pages"], "targets": asked_for}, fact["name"], fact["captures"])
            for fact in _facts(scanned)
        ]
        asked = self._map("asked", (captures.ASKED,), units, captures.FindAsked(), after=("captures", "targets"))
        unit = Unit(
            {
                "links": link_files,
                "leads": _paths(targets, captures.LEADS),
                "asked": _paths(asked, captures.ASKED),
                "posts": _paths(self.manifests["posts"], links.POSTS),
            },
            "links without a page",
        )
        after = ("posts", "links", "targets", "asked")
        self._map("unanswered", (captures.UNANSWERED,), [unit], captures.ListUnanswered(), after=after)

    def documents(self) -> None:
        """Asked captures → documents → their signatures."""
        owned = (documents.KEPT, documents.REJECTED, documents.DAMAGE)
        asked = _facts(self.manifests["asked"])
        files = {file.name: file for file in self.pages}
        seekable = {fact["name"]: fact["seekable"] for fact in _facts(self.manifests["captures"])}
        units = [unit for fact in asked for unit in self._runs(fact, files[fact["name"]], seekable[fact["name"]])]
        if not units:  # nothing was asked for: one empty part, so that the corpus has its columns
            payload = {**payload_of(self.pages[0]), "part": asked[0]["part"], "snapshot": "", "start": 0, "stop": 0}
            units = [Unit(payload, "no pages")]
        described = self.recipe.describe()
        steps = {name: described[name] for name in ("page_steps", "text_steps", "block_lists")}
        work = documents.ReadDocuments(self.recipe)
        read = self._map("documents", owned, units, work, after=("asked",), **steps)
        units = [Unit({"kept": f["kept"]}, f["kept"], max(f["documents"], 1)) for f in _facts(read)]
        near = self.recipe.near
        work = documents.SignDocuments(near)
        self._map("signatures", (documents.SIGNATURES,), units, work, after=("documents",), near=repr(near))

    def duplicates(self) -> None:
        """Signatures → verdicts → the final parts."""
        near = self.recipe.near
        signed = sorted(_facts(self.manifests["signatures"]), key=lambda fact: fact["signatures"])
        files = [fact["signatures"] for fact in signed]
        work = duplicates.OrderDocuments()
        exact = self._map("exact", (duplicates.ORDER,), [Unit({"parts": files}, "exact")], work, after=("signatures",))
        order = _paths(exact, duplicates.ORDER)[0]
        pairs = _paths(self._near(files, order, near), band_shuffle.PAIRS)
        unit = Unit({"order": order, "signatures": files, "pairs": pairs}, "clusters")
        work = duplicates.DecideClusters(near)
        after = ("signatures", "exact", "near")
        decided = self._map("clusters", (duplicates.VERDICTS,), [unit], work, after=after, near=repr(near))
        self._select(signed, _paths(decided, duplicates.VERDICTS)[0])

    def _select(self, signed: list[dict[str, Any]], verdicts: str) -> None:
        rejected = {fact["kept"]: fact["rejected"] for fact in _facts(self.manifests["documents"])}
        units, start = [], 0
        for fact in signed:
            payload = {"kept": fact["kept"], "rejected": rejected[fact["kept"]], "verdicts": verdicts, "start": start}
            units.append(Unit(payload, fact["kept"], max(fact["documents"], 1)))
            start += fact["documents"]
        owned = (duplicates.KEPT, duplicates.REJECTED)
        after = ("documents", "clusters")
        stage = self._stage("selected", self._after(after), owned)
        if complete_manifest(stage, [stage.task(unit) for unit in units]) is None:
            (self.root / MANIFEST).unlink(missing_ok=True)
        self._map("selected", owned, units, duplicates.SelectDocuments(), after=after)
        folders = {"posts": links.POSTS_DAMAGE, "captures": captures.DAMAGE, "documents": documents.DAMAGE}
        damaged = [path for stage, folder in folders.items() for path in _paths(self.manifests[stage], folder)]
        unit = Unit({"parts": damaged}, "quarantined")
        self._map("damage", (duplicates.QUARANTINED,), [unit], duplicates.GatherDamage(), after=tuple(folders))

    def _near(self, files: list[str], order: str, near: MinHash) -> dict[str, Any]:
        """The one stage with a shuffle: bands of all documents."""
        stage = self._stage("near", {"near": repr(near), **self._after(("signatures", "exact"))}, (band_shuffle.PAIRS,))
        tasks = [stage.task(Unit({"band": band, "order": order}, f"band {band}")) for band in range(near.bands)]
        started = time.monotonic()
        manifest = complete_manifest(stage, tasks)
        if manifest is None:
            pending = prepare(stage, tasks)
            signatures = band_shuffle.Signatures(self.root, files, order, near)
            parts = list(range(len(files)))
            with watched(stage.name, stage.records, tasks, pending), chatter_in(stage.home / CHATTER):
                run_pipeline(
                    lambda root: root | "Parts" >> beam.Create(parts) | band_shuffle.BandShuffle(signatures, tasks),
                    self.beam_flags,
                    1,
                )
            raise_errors(stage)
            manifest = publish(stage, tasks)
            self.seconds["near"] = time.monotonic() - started
        self.manifests["near"] = manifest
        return manifest

    def _runs(self, fact: dict[str, Any], file: InputFile, seekable: bool) -> list[Unit]:
        """The asked captures of one archive, cut into runs; a file that cannot be entered in the middle is one run."""
        asked = fact["asked"]
        step = self.captures_a_part if seekable else max(asked, 1)
        snapshot = self.snapshot or (_SNAPSHOT.findall(file.name) or ["unnamed"])[0]
        units = []
        for start in range(0, asked, step):
            stop = min(start + step, asked)
            payload = {**payload_of(file), "part": fact["part"], "snapshot": snapshot, "start": start, "stop": stop}
            units.append(Unit(payload, f"{file.name} pages {start}-{stop}", stop - start))
        return units

    def _map(
        self,
        name: str,
        owned: tuple[str, ...],
        units: list[Unit],
        work: Work,
        after: tuple[str, ...] = (),
        **settings: Any,
    ) -> dict[str, Any]:
        """Run one map-only stage and remember its manifest and its time."""
        stage = self._stage(name, {**settings, **self._after(after)}, owned)
        started = time.monotonic()
        self.manifests[name], fresh = run_stage(stage, units, work, self.beam_flags)
        if fresh:
            self.seconds[name] = time.monotonic() - started
        return self.manifests[name]

    def _stage(self, name: str, settings: dict[str, Any], owned: tuple[str, ...] = ()) -> Stage:
        settings = {"code": code_version(), "versions": library_versions(), **settings}
        return Stage(name, self.root, owned, settings, self.max_quarantined, WORTH_A_WORKER.get(name, 1))

    def _after(self, names: tuple[str, ...]) -> dict[str, Any]:
        return {"after": {name: manifest_digest(self._stage(name, {}).home) for name in names}}

    def _save_times(self) -> dict[str, float]:
        """The seconds of each stage, those of reused stages from the run that did them."""
        path = self.root / "run.json"
        times = {**read_json(path, {}).get("seconds", {}), **self.seconds}
        write_json(path, {"seconds": times})
        return times


def _paths(manifest: dict[str, Any], folder: str) -> list[str]:
    return [part["path"] for part in manifest["parts"] if part["path"].startswith(f"{folder}/")]


def _facts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [manifest["facts"][name] for name in sorted(manifest["facts"])]


def _lines(file: InputFile) -> int:
    """About how many lines a dump has, for the ETA: compressed lines take about 100 bytes."""
    return max(file.bytes // 100, 1)


def _first_names(files: list[InputFile]) -> str:
    names = ", ".join(file.name for file in files[:3])
    return names + (f" and {len(files) - 3} more" if len(files) > 3 else "")
