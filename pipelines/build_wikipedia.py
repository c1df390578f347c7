"""Build the Wikipedia: from MediaWiki XML dumps to a documented corpus.

    python -m pipelines.build_wikipedia --dumps 'wikipedia/*.xml*' --output data/wikipedia

Kept, rejected and quarantined parts, manifest and report as `build_webtext` makes them; the stages stand in
`pipelines.builds.texts`, the source in `corpus.sources.wikipedia`, the steps in `corpus.recipes`.
"""

import sys

from pipelines.builds.text_command import TextCommand

WIKIPEDIA = TextCommand(
    "build_wikipedia",
    "--dumps",
    source="wikipedia",
    recipe="gpt3-wikipedia",
    about="Build a corpus from Wikipedia dumps.",
    pattern="'wikipedia/*.xml*'",
)
parser, make, main = WIKIPEDIA.parser, WIKIPEDIA.make, WIKIPEDIA.main

if __name__ == "__main__":
    sys.exit(main())
