"""The stages of a corpus from Common Crawl, top to bottom; no links, every page is wanted.

    pages → captures → listed → extracted → judged → (corpus.select)

`build_commoncrawl` has the flags. A WARC's pages have their main text taken out; the texts of a WET are as they are.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from corpus.command_line import CommandParser
from corpus.extraction.html import EXTRACTORS
from corpus.files.inputs import InputFile
from corpus.files.manifest import Counts
from corpus.files.storage import place
from corpus.recipes.recipe import Recipe
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.builds.corpus import InputSettings, MakeDecider, publish, select, summary
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
from pipelines.builds.usefulness import need_some
from pipelines.cli.command import settings_of
from pipelines.cli.contents import JSON_LINES
from pipelines.cli.inputs import find_inputs, names_of, sample_files, samples_of
from pipelines.cli.memory import share_memory
from pipelines.cli.replacement import CORPUS, Output
from pipelines.runtime.stage import Stage
from pipelines.work.captures import CaptureFacts, ScanCaptures, archives
from pipelines.work.extraction import ExtractedFacts, ExtractPages, pages_to_read, runs_of
from pipelines.work.listing import ArchiveToList, ListedFacts, ListPages, archives_to_list
from pipelines.work.publish import FunnelStep, InputEntry
from pipelines.work.texts import JudgeTexts, TextRun

SOURCE = "commoncrawl"
# Measured on real pages: bytes written for a byte of compressed crawl, all stages together.
DISK_SHARE = 0.4
EXTRACTED = FunnelStep("extracted", "extracted", "Pages; kept are those with a main text.", "captures")


def stages(
    pages: Sequence[InputFile],
    recipe: Recipe,
    deciders: Sequence[MakeDecider],
    reading: InputSettings,
    extractor: str = "blocks",
) -> Stage[Any, Any]:
    """The last stage of a build from Common Crawl."""
    # An archive -> the key and offset of each page in it
    captures = Stage("captures", ScanCaptures(), plan=partial(archives, pages), units_per_worker=200 * 2**20)
    # An archive -> all its offsets in order, in runs: what `matched` is to WebText
    listed = Stage("listed", ListPages(reading.pages_per_part), plan=partial(_to_list, reading), reads=(captures,))
    # A run of offsets of one archive -> a text or a rejection per page
    extracted = Stage(
        "extracted",
        ExtractPages(recipe.page_steps, recipe.block_lists, SOURCE, EXTRACTORS[extractor]),
        plan=partial(pages_to_read, pages),
        reads=(listed, captures),
        units_per_worker=400,
    )
    # A run of texts -> kept, rejected, quarantined
    judged = Stage(
        "judged",
        JudgeTexts(recipe.text_steps),
        plan=partial(_to_judge, snapshots_of(pages, reading.snapshot)),
        reads=(listed, extracted),
        units_per_worker=1_500,
    )
    selected = select(judged, deciders, (captures, extracted, judged))
    funnel = ((captures, CAPTURES), (extracted, EXTRACTED), (judged, JUDGED))
    return publish(SOURCE, recipe, funnel, selected, _inputs_of)


def _inputs_of(captures: Sequence[CaptureFacts], *others: Any) -> list[InputEntry]:
    return archives_read(captures)


def _to_list(reading: InputSettings, captures: Sequence[CaptureFacts]) -> Iterator[ArchiveToList]:
    need_readable_archives(reading, captures)
    need_some(sum(facts.pages.rows for facts in captures), Counts(), "no record of --pages is a page")
    return archives_to_list(captures)


def _to_judge(
    snapshots: dict[str, str], listed: Sequence[ListedFacts], extracted: Sequence[ExtractedFacts]
) -> Iterator[TextRun]:
    # `extracted` was planned from the same runs, so its facts come in their order, one for each.
    for (name, _, run), facts in zip(runs_of(listed), extracted, strict=True):
        yield TextRun(facts.pages, snapshots[name], f"{name} pages {run.start}-{run.stop}")


def commoncrawl(ours: CommandParser, flags: argparse.Namespace, beam_flags: list[str]) -> Build:
    """The build that the flags ask for; everything that can be checked is checked before the first byte is written."""
    recipe = page_recipe(flags)
    pages = find_inputs(names_of(flags.pages), "--pages")
    refuse_unwanted(pages, "--pages", JSON_LINES, "--submissions of build_webtext")
    pages = sample_files(pages)
    reading = InputSettings(flags.snapshot, flags.captures_a_part, flags.max_quarantined, "--pages")
    size = sum(file.bytes for file in pages)
    memory, beam_flags = share_memory(flags.memory_mb, beam_flags, NEEDS)
    deciders = deciders_of(flags, recipe, room_for(memory, size))
    last = stages(pages, recipe, deciders, reading, extractor_of(flags))
    # What a rerun is compared with: samples of files and digests in place of names.
    effective = {
        "--pages": samples_of(pages),
        **page_recipe_settings(flags, recipe),
        **decider_settings(flags),
    }
    settings = settings_of(ours, flags, effective)
    return Build(
        last=last,
        output=Output(place(flags.output), CORPUS, flags.replace, settings, closure_of_stages(last)),
        beam_flags=beam_flags,
        summary=summary,
        max_quarantined=flags.max_quarantined,
        workers=workers_for([(size, CRAWL_BYTES_PER_WORKER)]),
        disk=int(size * DISK_SHARE),
        lines=lambda: [f"recipe    {recipe.name}: {recipe.cites}", files_line("pages", pages), memory.line()],
    )
