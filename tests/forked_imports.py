"""What the server of `forked` has done before it is asked for a command: all that is equal in every run of one.

It has imported Beam, as our commands import it, the steps of the builds, the recipes, and PyTorch where it is; it
has loaded what is compiled, and knows what the code depends on. A file is not flushed to the disk either: tests kill
processes, and no test cuts the power.
"""

import gc
import os
from contextlib import suppress
from importlib import import_module

from pipelines.runtime.beam_import import import_beam

import_beam()

import corpus.report.write  # noqa: E402
import corpus.tokenizer.sanity_page  # noqa: E402
import pipelines.builds.texts  # noqa: E402
import pipelines.builds.token_shards  # noqa: E402
import pipelines.builds.vocabulary  # noqa: E402
import pipelines.builds.webtext  # noqa: E402
import pipelines.cli.command  # noqa: E402
import pipelines.runtime.driver  # noqa: E402, F401
from corpus.dedup import native as dedup  # noqa: E402
from corpus.extraction import blocks  # noqa: E402
from corpus.files.provenance import closure  # noqa: E402
from corpus.pages.environment import environment  # noqa: E402
from corpus.recipes import RECIPES  # noqa: E402
from corpus.rules import native as rules  # noqa: E402

recipes = frozenset(f"corpus.recipes.{name}" for name, _ in RECIPES.values())
for name in recipes:
    import_module(name)
closure(recipes | {"pipelines.builds.webtext", "pipelines.builds.texts"})
for native in (blocks.native, dedup, rules):
    native.library()
blocks.forest()
for writer in (corpus.report.write, corpus.tokenizer.sanity_page):
    templates = environment(writer._TEMPLATES)
    for name in templates.list_templates(filter_func=lambda name: name.endswith(".html.j2")):
        templates.get_template(name)
with suppress(ImportError):
    import trainer.run.session  # noqa: F401
os.fsync = lambda file: None
gc.freeze()
