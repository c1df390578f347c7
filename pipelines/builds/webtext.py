"""The stages of WebText, top to bottom: what each reads, the work on it, and its place in the funnel.

    submissions → posts → links ─┬→ redirects → wanted ─┐
    pages → captures → edges ────┘                      ├→ matched → extracted → judged → (corpus.select)
                     └──────────────────────────────────┘        └→ links_without_page

`build_webtext` has the flags, `pipelines.work` what is done to one unit of each stage.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from corpus.command_line import CommandParser
from corpus.errors import CorpusloomError, ExitCode
from corpus.extraction.html import EXTRACTORS
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts
from corpus.files.run_file import read_run
from corpus.files.storage import place
from corpus.recipes.recipe import Recipe
from corpus.report.fidelity import read_domains
from corpus.report.write import write_report
from corpus.sources.links import LinkRules
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.builds.corpus import AS_IT_COMES, InputSettings, MakeDecider, publish, reports_of, select, summary
from pipelines.builds.deciders import decider_settings, deciders_of
from pipelines.builds.duplicates import NEEDS, room_for
from pipelines.builds.pages import (
    CAPTURES,
    CRAWL_BYTES_PER_WORKER,
    JUDGED,
    archives_read,
    files_line,
    need_readable_archives,
    refuse_unwanted,
    snapshots_of,
)
from pipelines.builds.recipes import extractor_of, page_recipe, page_recipe_settings
from pipelines.builds.usefulness import need_readable, need_some
from pipelines.cli.command import settings_of
from pipelines.cli.contents import ARCHIVE, JSON_LINES
from pipelines.cli.inputs import find_inputs, names_of, sample_files, samples_of
from pipelines.cli.memory import share_memory
from pipelines.cli.replacement import CORPUS, Output
from pipelines.runtime.records import Finished
from pipelines.runtime.stage import Stage
from pipelines.work.captures import CaptureFacts, ScanCaptures, archives
from pipelines.work.extraction import ExtractPages, Pages, pages_to_read
from pipelines.work.judging import JudgePages, pages_to_judge
from pipelines.work.links import Dump, LinkFacts, LinkRange, PostFacts, ReadPosts, ReduceLinks, dumps, link_ranges
from pipelines.work.lost_links import ListLost, links_and_answers
from pipelines.work.matching import CaptureMatchFacts, MatchPages, batches
from pipelines.work.publish import FunnelStep, InputEntry
from pipelines.work.redirects import (
    FollowLinks,
    LinksAndEdges,
    MergeEdges,
    ReduceWanted,
    links_and_edges,
    merges,
    page_ranges,
)

# Measured on real pages: bytes written for a byte of compressed crawl that links ask for, all stages together.
DISK_SHARE = 0.2
# How many bytes of input pay for one more worker process, which takes two to four seconds to start.
DUMP_BYTES_PER_WORKER = 10_000_000

POSTS = FunnelStep(
    "posts", "posts", "Records of the submission dumps; kept are those that may make a link.", has_text=False
)
LINKS = FunnelStep(
    "links", "links", "The same posts by link; kept are those whose link has enough karma.", "posts", has_text=False
)
MATCHED = FunnelStep("matched", "matched", "Pages; kept are those that a link asks for.", "captures", has_text=False)
EXTRACTED = FunnelStep(
    "extracted", "extracted", "Pages that a link asks for; kept are those with a main text.", "matched"
)


def stages(
    submissions: Sequence[InputFile],
    pages: Sequence[InputFile],
    recipe: Recipe,
    deciders: Sequence[MakeDecider],
    reading: InputSettings = AS_IT_COMES,
    extractor: str = "blocks",
) -> Stage[Any, Any]:
    """The last stage of a build of WebText."""
    # Of each stage: one unit -> what it leaves for the next.
    # A dump -> its posts by link key; a range of link keys -> one row per link, with its karma
    posts, links = read_link_table(submissions, recipe.links, reading.max_quarantined)
    # An archive -> the key and offset of each page in it; each redirect as an edge from key to key
    captures = Stage("captures", ScanCaptures(), plan=partial(archives, pages), units_per_worker=200 * 2**20)
    # 256 archives -> their edges in one sorted file
    edges = Stage("edges", MergeEdges(), plan=partial(_merges, reading), reads=(captures,))
    # A range of links, all edges -> (page, link): every page that a link may mean
    redirects = Stage("redirects", FollowLinks(), plan=_links_and_edges, reads=(posts, links, edges))
    # A range of pages -> one row per page, with the karma of all links that lead to it
    wanted = Stage("wanted", ReduceWanted(recipe.links.karma), plan=page_ranges, reads=(redirects,))
    # Archives of about two million captures, all wanted pages -> the offsets to read, in runs
    matched = Stage("matched", MatchPages(reading.pages_per_part), plan=batches, reads=(captures, wanted))
    # A range of links -> those to whose pages nothing was matched
    lost = Stage("links_without_page", ListLost(), plan=links_and_answers, reads=(posts, links, redirects, matched))
    # A run of offsets of one archive -> a text or a rejection per page
    extracted = Stage(
        "extracted",
        ExtractPages(recipe.page_steps, recipe.block_lists, extract=EXTRACTORS[extractor]),
        plan=partial(_pages_to_read, pages),
        reads=(links, matched, captures),
        units_per_worker=400,
    )
    # A run of texts, what links say of them -> kept, rejected, quarantined
    judged = Stage(
        "judged",
        JudgePages(recipe.text_steps),
        plan=partial(pages_to_judge, snapshots_of(pages, reading.snapshot)),
        reads=(matched, extracted),
        units_per_worker=1_500,
    )
    # Only these four read something that can be unreadable; all other stages read what they wrote.
    selected = select(judged, deciders, (posts, captures, extracted, judged))
    funnel = ((posts, POSTS), (links, LINKS), (captures, CAPTURES), (matched, MATCHED),
              (extracted, EXTRACTED), (judged, JUDGED))  # fmt: skip
    return publish("webtext", recipe, funnel, selected, inputs_of, lost)


def read_link_table(
    submissions: Sequence[InputFile], rules: LinkRules, max_quarantined: float
) -> tuple[Stage[Dump, PostFacts], Stage[LinkRange, LinkFacts]]:
    """The stages that make the link table: posts, links."""
    posts = Stage("posts", ReadPosts(rules), plan=partial(dumps, submissions), units_per_worker=100_000)
    links = Stage("links", ReduceLinks(rules), plan=partial(_link_ranges, max_quarantined), reads=(posts,))
    return posts, links


def inputs_of(
    posts: Sequence[PostFacts], links: Any, captures: Sequence[CaptureFacts], *others: Any
) -> list[InputEntry]:
    """The inputs as the manifest has them, with what was found in each."""
    return [*_dumps_read(posts), *archives_read(captures)]


def _dumps_read(posts: Sequence[PostFacts]) -> list[InputEntry]:
    return [
        InputEntry(
            "submissions",
            each.name,
            each.bytes,
            each.digest,
            {"lines": each.lines, "quarantined": each.quarantined.rows},
        )
        for each in posts
    ]


def _link_ranges(max_quarantined: float, posts: Sequence[PostFacts]) -> Iterator[LinkRange]:
    need_readable("--submissions", reports_of(_dumps_read(posts), "lines"), max_quarantined)
    return link_ranges(posts)


def _merges(reading: InputSettings, captures: Sequence[CaptureFacts]) -> Iterator[Any]:
    need_readable_archives(reading, captures)
    return merges(captures)


def _links_and_edges(
    posts: Finished[PostFacts], links: Finished[LinkFacts], edges: Sequence[Any]
) -> Iterator[LinksAndEdges]:
    counts = posts.counts + links.counts
    need_some(sum(facts.links.rows for facts in links), counts, "no post of --submissions gives a link")
    return links_and_edges(links, edges)


def _pages_to_read(
    files: Sequence[InputFile],
    links: Sequence[LinkFacts],
    matched: Finished[CaptureMatchFacts],
    captures: Sequence[CaptureFacts],
) -> Iterator[Pages]:
    asked = sum(facts.links.rows for facts in links)
    sentence = f"no page of --pages is one of the {asked:,} that --submissions link to"
    need_some(matched.counts.kept, Counts(), sentence)
    return pages_to_read(files, matched, captures)


def webtext(ours: CommandParser, flags: argparse.Namespace, beam_flags: list[str]) -> Build:
    """The build that the flags ask for; everything that can be checked is checked before the first byte is written."""
    # What flags alone can get wrong, then the files, then what takes long: samples, a classifier, an index.
    recipe = page_recipe(flags, link_rules(flags))
    _check_domains(flags.domains)
    submissions = find_inputs(names_of(flags.submissions), "--submissions")
    pages = find_inputs(names_of(flags.pages), "--pages")
    refuse_unwanted(submissions, "--submissions", ARCHIVE, "--pages")
    refuse_unwanted(pages, "--pages", JSON_LINES, "--submissions")
    submissions, pages = sample_files(submissions), sample_files(pages)
    reading = InputSettings(flags.snapshot, flags.captures_a_part, flags.max_quarantined)
    # Sizes decide how memory is shared, and so in how many groups and rounds duplicates are looked for.
    size = sum(file.bytes for file in pages)
    memory, beam_flags = share_memory(flags.memory_mb, beam_flags, NEEDS)
    deciders = deciders_of(flags, recipe, room_for(memory, size))
    last = stages(submissions, pages, recipe, deciders, reading, extractor_of(flags))
    # What a rerun is compared with: samples of files and digests in place of names.
    effective = {
        "--submissions": samples_of(submissions),
        "--pages": samples_of(pages),
        **page_recipe_settings(flags, recipe),
        **decider_settings(flags),
    }
    settings = settings_of(ours, flags, effective)
    dumped = sum(file.bytes for file in submissions)
    return Build(
        last=last,
        output=Output(place(flags.output), CORPUS, flags.replace, settings, closure_of_stages(last)),
        beam_flags=beam_flags,
        summary=partial(_summary, flags.domains),
        max_quarantined=flags.max_quarantined,
        workers=workers_for([(size, CRAWL_BYTES_PER_WORKER), (dumped, DUMP_BYTES_PER_WORKER)]),
        disk=int(size * DISK_SHARE),
        lines=lambda: [
            f"recipe    {recipe.name}: {recipe.cites}",
            *(files_line(flag, files) for flag, files in (("submissions", submissions), ("pages", pages))),
            memory.line(),
        ],
    )


def link_rules(flags: argparse.Namespace) -> LinkRules:
    """The rules of links that the flags ask for; an error where no post can satisfy them."""
    if flags.created_before and flags.created_from >= flags.created_before:
        raise CorpusloomError(
            f"--created-from {flags.created_from} is not before --created-before {flags.created_before}; no post can "
            "lie between them",
            ExitCode.FLAGS,
        )
    return LinkRules(
        flags.min_karma,
        flags.karma,
        flags.created_from,
        flags.created_before,
        flags.keep_over_18,
        flags.keep_deleted,
    )


def _check_domains(domains: str) -> None:
    """The table of domains can be read."""
    try:
        if domains:
            read_domains(Path(domains))
    except (ValueError, OSError) as error:
        message = f"--domains: {error}; give OpenAI's domains.txt or a file like it"
        raise CorpusloomError(message, ExitCode.FLAGS) from error


def _summary(domains: str, root: Path) -> list[str]:
    """What is said at the end; the report is written once more where it is to be compared with other domains."""
    if domains:
        # Not by the stage `published`: --domains is a file of this machine, and changes no byte of the corpus.
        write_report(root, read_run(root).stages, Path(domains))
    return summary(root)
