"""The embedded sample: a small invented web and the Reddit posts about it, for `make demo` and the tests.

`write_sample(folder)` writes `submissions/RS_*` and `crawl/sample-*`, the same bytes on every run, and returns what
a build of WebText should make of them; beside them a small Common Crawl (`corpus.sample.commoncrawl`), books, a
Wikipedia and a benchmark (`corpus.sample.shelves`). Prose, hosts and people are ours and invented; only the hosts that
rules are about (Wikipedia, Reddit, Imgur, YouTube) have real names. What is planted, kind by kind, stands in
`corpus.sample.plants`; the prose is written by `corpus.sample.prose`.

    python -m corpus.sample FOLDER      # writes the sample and says what is in it
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus.command_line import end_with
from corpus.sample.archive import WrittenRecord, warcinfo, write_damaged_warc, write_dump, write_warc
from corpus.sample.commoncrawl import Planted, write_common_crawl
from corpus.sample.plants import PLANTS
from corpus.sample.posts import write_dumps
from corpus.sample.prose import english_article
from corpus.sample.shelves import write_shelves
from corpus.sample.web import DAMAGED, Fact, Web

USAGE = "usage: python -m corpus.sample FOLDER   (writes the embedded sample web into FOLDER)"
WRITTEN = "2017-02-03T09:00:00Z"


@dataclass(frozen=True)
class WrittenSample:
    """The sample as written: two globs for `build_webtext`, and what to expect.

    `lines` counts the lines of all dumps ("all") and the odd ones among them by kind; `records` the whole WARC
    records of each archive, `broken_records` those that are spoilt or cut short. `planted` are the pages of the small
    Common Crawl.
    """

    folder: Path
    submissions: str
    pages: str
    expected: tuple[Fact, ...]
    lines: Mapping[str, int]
    records: Mapping[str, int]
    broken_records: Mapping[str, int]
    planted: tuple[Planted, ...]


def write_sample(folder: Path) -> WrittenSample:
    """Write the sample below `folder`, which is made if need be: 0.9 MB, in half a second."""
    web = Web()
    for plant in PLANTS:
        plant(web)
    archives = {name: [warcinfo(name, WRITTEN), *records] for name, records in sorted(web.records.items())}
    damaged = {fact.url for fact in web.facts if fact.kind == "damaged record"}
    (folder / "crawl").mkdir(parents=True, exist_ok=True)
    for name, records in archives.items():
        if name == DAMAGED:
            write_damaged_warc(folder / "crawl" / name, records, _first_response(records, damaged))
        else:
            write_warc(folder / "crawl" / name, records)
    dumps = write_dumps(web.links, english_article(0).text)
    (folder / "submissions").mkdir(exist_ok=True)
    for name, data in dumps.files.items():
        write_dump(folder / "submissions" / name, data)
    write_shelves(folder)
    broken = {DAMAGED: len(damaged)}
    return WrittenSample(
        folder=folder,
        submissions=str(folder / "submissions" / "RS_*"),
        pages=str(folder / "crawl" / "sample-*"),
        expected=tuple(web.facts),
        lines=dumps.lines,
        records={name: len(records) - broken.get(name, 0) for name, records in archives.items()},
        broken_records=broken,
        planted=write_common_crawl(folder / "commoncrawl"),
    )


def _first_response(records: list[WrittenRecord], urls: set[str]) -> int:
    return next(index for index, record in enumerate(records) if record.kind == "response" and record.url in urls)


def main(arguments: list[str]) -> int:
    """Write the sample into the folder that the command line names, and print what is there; the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        asked = arguments in (["-h"], ["--help"])
        print(USAGE, file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        sample = write_sample(Path(arguments[0]))
    except OSError as error:
        return end_with(error, "python -m corpus.sample")
    print(f"The embedded sample in {sample.folder}:")
    for path in sorted(sample.folder.glob("*/[Rs]*")):
        print(f"  {path.stat().st_size:>9,} bytes  {path.relative_to(sample.folder)}")
    print(f"  {sample.lines['all']} posts and other lines; {sum(sample.records.values())} whole records")
    print("What a build should make of the planted URLs:")
    for outcome, number in sorted(Counter(fact.outcome for fact in sample.expected).items()):
        print(f"  {number:>4}  {outcome}")
    return 0
