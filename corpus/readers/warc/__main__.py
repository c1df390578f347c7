"""List the contents of web archives: records by type, pages and damage, per file.

python -m corpus.readers.warc FILE...
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import end_with
from corpus.document import Quarantined
from corpus.files.storage import in_utf8
from corpus.readers.warc.captures import RECORD_TYPES, Capture, scan

_COLUMNS = (*RECORD_TYPES, "other", "pages", "quarantined")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what archive files hold: records by type, pages, and what could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m corpus.readers.warc",
        description="Records by type, pages (status 200, or WET text) and damage of web archive files.",
        epilog="example: python -m corpus.readers.warc crawl/*.warc.gz",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="WARC, WET, WAT or ARC, compressed or not")
    rows, damage = [], []
    for path in parser.parse_args(arguments).files:
        counts: Counter[str] = Counter()
        try:
            for found in scan(path, in_utf8(str(path))):
                counts.update(_count_lines(found))
                if isinstance(found, Quarantined):
                    damage.append(found)
        except OSError as error:
            raise SystemExit(end_with(error, parser.prog)) from error
        rows.append((in_utf8(path.name), *(str(counts[column]) for column in _COLUMNS)))
    widths = [max(map(len, column)) for column in zip(("file", *_COLUMNS), *rows, strict=True)]
    for row in (("file", *_COLUMNS), *rows):
        print("  ".join((row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)))))
    for row in damage:
        print(f"{row.file} at {row.offset}: {row.reason} ({row.detail})")


def _count_lines(found: Capture | Quarantined) -> list[str]:
    if isinstance(found, Quarantined):
        return ["quarantined"]
    page = (found.record_type == "response" and found.status == 200) or found.record_type == "conversion"
    return [found.record_type, "pages"] if page else [found.record_type]


if __name__ == "__main__":
    main()
