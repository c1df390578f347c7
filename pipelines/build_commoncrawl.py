"""Build a corpus from Common Crawl: every page of crawl files, by a recipe.

    python -m pipelines.build_commoncrawl --pages 'crawl/*.warc.gz' --recipe fineweb --output data/fineweb

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.commoncrawl`, the steps in `corpus.recipes`. Nothing heavy is imported before the flags are right.
"""

import sys

from corpus.command_line import CommandParser
from pipelines.cli.build_command import build_command
from pipelines.cli.deciders import add_decider_flags
from pipelines.cli.flags import add_captures_flag, add_damage_flag, add_files_flag, add_run_flags
from pipelines.cli.recipes import add_model_flag, add_page_flags

COMMAND = "python -m pipelines.build_commoncrawl"
EXAMPLE = """
example:  python -m pipelines.build_commoncrawl --pages 'crawl/*.warc.gz' --recipe fineweb --output data/fineweb

Every other flag goes to Apache Beam: --direct_num_workers 4, --runner SparkRunner, --runner DataflowRunner …
"""


def parser() -> CommandParser:
    """The flags."""
    flags = CommandParser(COMMAND, "Build a corpus from files of Common Crawl.", EXAMPLE)
    files = flags.add_argument_group("files")
    about = "crawl files: WARC (main text is taken out), WET (texts as they are) or ARC, compressed or not"
    add_files_flag(files, "--pages", about)
    files.add_argument("--output", required=True, metavar="FOLDER", help="where the corpus goes")
    add_model_flag(files)
    add_page_flags(flags.add_argument_group("which pages stay"), "gpt3-commoncrawl")
    add_decider_flags(flags.add_argument_group("beside the recipe"))
    run = flags.add_argument_group("the run")
    add_damage_flag(run)
    add_captures_flag(run, 1000, "pages that are read together and make one part")
    add_run_flags(run, "inputs, stages to do and disk space")
    return flags


make, main = build_command(parser, "pipelines.builds.commoncrawl:commoncrawl")

if __name__ == "__main__":
    sys.exit(main())
