"""The stages of a source that comes as text, Wikipedia and books: files → extracted → judged → (corpus.select).

Of a Wikipedia the dump's own templates are read first: one may stand anywhere in it.

`pipelines.builds.text_command` has the flags, `corpus.sources` the sources, `pipelines.work.texts` the work on a file.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from corpus.command_line import CommandParser
from corpus.files.inputs import InputFile
from corpus.files.storage import place
from corpus.recipes.load import load_recipe
from corpus.recipes.recipe import Choices, Recipe
from corpus.sources.texts import TextSource
from pipelines.builds.build import Build, closure_of_stages, workers_for
from pipelines.builds.corpus import AS_IT_COMES, InputSettings, MakeDecider, publish, reports_of, select, summary
from pipelines.builds.deciders import decider_settings, deciders_of
from pipelines.builds.duplicates import NEEDS, room_for
from pipelines.builds.recipes import masked_kinds, recipe_settings
from pipelines.builds.usefulness import need_readable
from pipelines.cli.command import settings_of
from pipelines.cli.inputs import find_inputs, names_of, sample_files, samples_of
from pipelines.cli.memory import share_memory
from pipelines.cli.replacement import CORPUS, Output
from pipelines.runtime.stage import Stage
from pipelines.work.publish import FunnelStep, InputEntry
from pipelines.work.spans import spans
from pipelines.work.templates import ReadTemplates
from pipelines.work.texts import ExtractTexts, JudgeTexts, TextFacts, TextRun, text_runs

# Measured on a bzip2 dump and on zstd books: bytes written for a byte of compressed input, all stages together.
DISK_SHARE = 3.0
BYTES_PER_WORKER = 2**21
EXTRACTED = FunnelStep("extracted", "extracted", "Articles or books; kept are those that have a text of their own.")
JUDGED = FunnelStep("judged", "judged", "Texts; kept are those that pass every step of the recipe.", "extracted")


def stages(
    source: TextSource,
    files: Sequence[InputFile],
    recipe: Recipe,
    deciders: Sequence[MakeDecider],
    reading: InputSettings = AS_IT_COMES,
) -> Stage[Any, Any]:
    """The last stage of a build of a text source."""
    # A span of a dump -> the simple templates in it
    templates = Stage("templates", ReadTemplates(), plan=partial(spans, source, files), units_per_worker=2**24)
    # A span, the templates of its wiki -> texts and rejections in runs of ten thousand
    extracted = Stage(
        "extracted",
        ExtractTexts(source, recipe.extraction),
        plan=partial(spans, source, files),
        reads=(templates,) if source.has_templates else (),
        units_per_worker=BYTES_PER_WORKER,
    )
    # A run of texts -> kept, rejected, quarantined
    judged = Stage(
        "judged",
        JudgeTexts(recipe.text_steps),
        plan=partial(_text_runs, reading),
        reads=(extracted,),
        units_per_worker=1_500,
    )
    selected = select(judged, deciders, (extracted, judged))
    funnel = ((extracted, EXTRACTED), (judged, JUDGED))
    return publish(source.name, recipe, funnel, selected, partial(inputs_of, source.name))


def inputs_of(source: str, extracted: Sequence[TextFacts], *others: Any) -> list[InputEntry]:
    """The inputs as the manifest has them, with what the spans of each held."""
    # A dump that was divided has several facts, but is one input. Only its first span has read the digest of the whole.
    spans: dict[str, list[TextFacts]] = {}
    for facts in extracted:
        spans.setdefault(facts.name, []).append(facts)
    return [
        InputEntry(
            source,
            name,
            found[-1].bytes,
            next((facts.digest for facts in reversed(found) if facts.digest), ""),
            {
                "documents": sum(facts.documents for facts in found),
                "quarantined": sum(facts.quarantined.rows for facts in found),
            },
        )
        for name, found in spans.items()
    ]


def _text_runs(reading: InputSettings, extracted: Sequence[TextFacts]) -> Iterator[TextRun]:
    need_readable(reading.flag, reports_of(inputs_of("", extracted), "documents"), reading.max_quarantined)
    return text_runs(reading.snapshot, extracted)


def text_build(
    source: TextSource, flag: str, ours: CommandParser, given: argparse.Namespace, beam_flags: Sequence[str]
) -> Build:
    """A build of a source from its flags; `flag` is the one of its files.

    Everything that can be checked is checked before the first byte is written.
    """
    # A flag of books alone: a dump has no typed lines to join.
    join_lines = not getattr(given, "keep_line_breaks", False)
    recipe = load_recipe(given.recipe, source.name, Choices(join_lines=join_lines, masked=masked_kinds(given)))
    files = sample_files(find_inputs(names_of(getattr(given, flag.removeprefix("--"))), flag))
    reading = InputSettings(given.snapshot, max_quarantined=given.max_quarantined, flag=flag)
    size = sum(file.bytes for file in files)
    memory, flags = share_memory(given.memory_mb, beam_flags, NEEDS)
    last = stages(source, files, recipe, deciders_of(given, recipe, room_for(memory, size)), reading)
    # What a rerun is compared with: samples of files and digests in place of names.
    effective = {
        flag: samples_of(files),
        "--mask": list(masked_kinds(given)),
        **recipe_settings(recipe),
        **decider_settings(given),
    }
    settings = settings_of(ours, given, effective)
    return Build(
        last=last,
        output=Output(place(given.output), CORPUS, given.replace, settings, closure_of_stages(last)),
        beam_flags=flags,
        summary=summary,
        max_quarantined=given.max_quarantined,
        workers=workers_for([(size, BYTES_PER_WORKER)]),
        disk=int(size * DISK_SHARE),
        lines=lambda: [
            f"recipe    {recipe.name}: {recipe.cites}",
            f"files     {len(files)} files, {size / 1e6:,.1f} MB",
            memory.line(),
        ],
    )
