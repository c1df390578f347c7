"""The stages of WebText, in order: what each reads, and what depends on what.

`build_webtext` has the flags; the transforms have the work. Here stands the plan: read `run` from top to bottom.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.block_lists import load
from corpus.command_line import CommandParser
from corpus.files.manifest import MANIFEST, Counts
from corpus.files.storage import is_remote, place
from corpus.recipes import RECIPES, Recipe
from corpus.report.fidelity import read_domains
from corpus.report.write import write_report
from corpus.rules.language import find_model
from corpus.sources.links import LinkRules
from pipelines.builds.finish import publish_corpus, publish_unanswered, summary, with_facts
from pipelines.builds.selection import need_kept, select
from pipelines.builds.usefulness import need_readable, need_some
from pipelines.cli.command import disk_line, settings_of
from pipelines.cli.contents import ARCHIVE, JSON_LINES, refuse_swapped
from pipelines.cli.inputs import InputFile, digests_of, find_inputs, payload_of, with_digests
from pipelines.cli.languages import read_languages
from pipelines.cli.replacement import CORPUS, Output
from pipelines.runtime.errors import StageError
from pipelines.runtime.stage import Unit
from pipelines.runtime.stages import Stages
from pipelines.work import captures, documents, links

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
# Stage → its name in the funnel.
FUNNEL = {
    "posts": "posts",
    "links": "links",
    "captures": "captures",
    "asked": "asked",
    "documents": "documents",
    "exact": "exact_duplicates",
    "clusters": "near_duplicates",
}
DAMAGE = {"posts": links.POSTS_DAMAGE, "captures": captures.DAMAGE, "documents": documents.DAMAGE}
_SNAPSHOT = re.compile(r"CC-MAIN-\d{4}-\d{2}")


@dataclass
class Build:
    """One build of WebText into `root`."""

    submissions: list[InputFile]
    pages: list[InputFile]
    recipe: Recipe
    snapshot: str
    captures_a_part: int
    domains: str
    output: Output
    stages: Stages

    @staticmethod
    def from_flags(ours: CommandParser, flags: argparse.Namespace, beam_flags: list[str]) -> "Build":
        """Check everything that can be checked before the first byte is written."""
        model = str(find_model(flags.language_model))
        languages = read_languages(flags.languages, model)
        blocked = tuple(name for name in flags.block or ("media",) if name != "none")
        _check_files_of_flags(blocked, flags.domains)
        if flags.created_before and flags.created_from >= flags.created_before:
            dates = f"--created-from {flags.created_from} is not before --created-before {flags.created_before}"
            raise StageError(f"{dates}; no post can lie between them", 2)
        rules = LinkRules(
            flags.min_karma,
            flags.karma,
            flags.created_from,
            flags.created_before,
            flags.keep_over_18,
            flags.keep_deleted,
        )
        submissions = find_inputs([name for group in flags.submissions for name in group], "--submissions")
        pages = find_inputs([name for group in flags.pages for name in group], "--pages")
        _refuse_swapped(submissions, pages)
        effective = {
            "--submissions": [file.name for file in submissions],
            "--pages": [file.name for file in pages],
            "--languages": sorted(languages),
            "--block": sorted(blocked),
            "--language-model": None,
        }
        return Build(
            submissions=submissions,
            pages=pages,
            recipe=RECIPES[flags.recipe](rules, blocked, languages, model),
            snapshot=flags.snapshot,
            captures_a_part=flags.captures_a_part,
            domains=flags.domains,
            output=Output(place(flags.output), CORPUS, flags.replace, settings_of(ours, flags, effective)),
            stages=Stages(place(flags.output), beam_flags, flags.max_quarantined, WORTH_A_WORKER),
        )

    def plan(self) -> list[str]:
        """What a run would do."""
        size = sum(file.bytes for file in self.pages)
        done = [name for name in STAGES if (self.stages.home(name) / MANIFEST).is_file()]
        lines = [f"recipe    {self.recipe.name}: {self.recipe.cites}"]
        for flag, files in (("submissions", self.submissions), ("pages", self.pages)):
            total = sum(file.bytes for file in files)
            lines.append(f"{flag:<11} {len(files)} files, {total / 1e6:,.1f} MB: {_first_names(files)}")
        lines.append(f"stages    {', '.join(STAGES)}")
        lines.append(f"found     {', '.join(done) or 'nothing'} from an earlier run (taken over if nothing changed)")
        lines.append(disk_line(self.stages.root, int(size * DISK_SHARE)))
        return lines

    def run(self) -> list[str]:
        """All stages, the manifest, the report."""
        root = self.stages.root
        self.submissions = with_digests(self.submissions, self.stages)
        self.pages = with_digests(self.pages, self.stages)
        self.output.add({"submissions": digests_of(self.submissions), "pages": digests_of(self.pages)})
        self.links()
        self.captures()
        self.documents()
        select(self.stages, self.recipe.near, DAMAGE)
        need_kept(self.stages)
        inputs = {"submissions": with_facts(self.submissions, self.stages, "posts")}
        inputs["pages"] = with_facts(self.pages, self.stages, "captures")
        unanswered = publish_unanswered(self.stages)
        manifest = publish_corpus(self.stages, "webtext", self.recipe.describe(), FUNNEL, inputs, unanswered)
        write_report(root, self.stages.save_times(), Path(self.domains) if self.domains else None)
        return summary(root, manifest)

    def links(self) -> None:
        """Dumps → posts → the link table."""
        rules, stages = self.recipe.links, self.stages
        units = [Unit(payload_of(file), file.name, _lines(file)) for file in self.submissions]
        posts = stages.map("posts", (links.POSTS, links.POSTS_DAMAGE), units, links.ReadPosts(rules), rules=repr(rules))
        read = [{**fact, "records": fact["lines"]} for fact in stages.facts("posts")]
        need_readable("--submissions", read, stages.max_quarantined)
        ranges = max(1, posts["counts"]["kept"] // links.POSTS_A_RANGE)
        files = stages.paths("posts", links.POSTS)
        units = [Unit({"range": n, "of": ranges, "parts": files}, f"links {n}") for n in range(ranges)]
        stages.map("links", (links.LINKS,), units, links.ReduceLinks(rules), after=("posts",), rules=repr(rules))

    def captures(self) -> None:
        """Archives → what they hold → what of it the links ask for."""
        stages = self.stages
        units = [Unit(payload_of(file), file.name, max(file.bytes, 1)) for file in self.pages]
        stages.map("captures", (captures.PAGES, captures.EDGES, captures.DAMAGE), units, captures.ScanCaptures())
        read = [
            {**fact, "records": sum(fact["records"].values()) + fact["quarantined"]}
            for fact in stages.facts("captures")
        ]
        need_readable("--pages", read, stages.max_quarantined)
        linked = sum(fact["links"] for fact in stages.facts("links"))
        counts = [Counts.from_json(stages.manifests[name]["counts"]) for name in ("posts", "links")]
        need_some(linked, counts[0] + counts[1], "no post of --submissions gives a link")
        table = stages.paths("links", links.LINKS)
        unit = Unit({"links": table, "edges": stages.paths("captures", captures.EDGES)}, "redirects")
        follow = captures.FollowLinks(self.recipe.links.karma)
        stages.map("targets", (captures.TARGETS, captures.LEADS), [unit], follow, after=("links", "captures"))
        wanted = stages.paths("targets", captures.TARGETS)[0]
        units = [
            Unit({"name": fact["name"], "pages": fact["pages"], "targets": wanted}, fact["name"], fact["captures"])
            for fact in stages.facts("captures")
        ]
        stages.map("asked", (captures.ASKED,), units, captures.FindAsked(), after=("captures", "targets"))
        found = {
            "leads": stages.paths("targets", captures.LEADS),
            "asked": stages.paths("asked", captures.ASKED),
            "posts": stages.paths("posts", links.POSTS),
        }
        unit = Unit({"links": table, **found}, "links without a page")
        after = ("posts", "links", "targets", "asked")
        stages.map("unanswered", (captures.UNANSWERED,), [unit], captures.ListUnanswered(), after=after)

    def documents(self) -> None:
        """Asked captures → documents and rejections."""
        asked = self.stages.facts("asked")
        links_asked = sum(fact["links"] for fact in self.stages.facts("links"))
        sentence = f"no page of --pages is one of the {links_asked:,} that --submissions link to"
        need_some(sum(fact["asked"] for fact in asked), None, sentence)
        files = {file.name: file for file in self.pages}
        seekable = {fact["name"]: fact["seekable"] for fact in self.stages.facts("captures")}
        units = [unit for fact in asked for unit in self._runs(fact, files[fact["name"]], seekable[fact["name"]])]
        described = self.recipe.describe()
        steps = {name: described[name] for name in ("page_steps", "text_steps", "block_lists")}
        owned = (documents.KEPT, documents.REJECTED, documents.DAMAGE)
        self.stages.map("documents", owned, units, documents.ReadDocuments(self.recipe), after=("asked",), **steps)

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


def _check_files_of_flags(blocked: Sequence[str], domains: str) -> None:
    """The small files that flags name can be read."""
    try:
        for name in blocked:
            load(name)
    except (ValueError, OSError) as error:
        raise StageError(f"--block: {error}", 2) from error
    try:
        if domains:
            read_domains(Path(domains))
    except (ValueError, OSError) as error:
        raise StageError(f"--domains: {error}; give OpenAI's domains.txt or a file like it", 2) from error


def _refuse_swapped(submissions: Sequence[InputFile], pages: Sequence[InputFile]) -> None:
    for files, flag, unwanted, other in (
        (submissions, "--submissions", ARCHIVE, "--pages"),
        (pages, "--pages", JSON_LINES, "--submissions"),
    ):
        refuse_swapped((Path(file.file) for file in files if not is_remote(file.file)), flag, unwanted, other)


def _lines(file: InputFile) -> int:
    """About how many lines a dump has, for the ETA: compressed lines take about 100 bytes."""
    return max(file.bytes // 100, 1)


def _first_names(files: list[InputFile]) -> str:
    names = ", ".join(file.name for file in files[:3])
    return names + (f" and {len(files) - 3} more" if len(files) > 3 else "")
