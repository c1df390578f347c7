"""List the contents of web archives: records by type, pages and damage, per file.

python -m corpus.readers.warc FILE...
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpus.command_line import CommandParser, end_with


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what archive files hold: records by type, pages, and what could not be read."""
    parser = CommandParser(
        "python -m corpus.readers.warc",
        "Records by type, pages (status 200, or WET text) and damage of web archive files.",
        "example: python -m corpus.readers.warc crawl/*.warc.gz\n",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="WARC, WET, WAT or ARC, compressed or not")
    files = parser.parse_args(arguments).files
    from corpus.document import Quarantined
    from corpus.files.storage import in_utf8
    from corpus.readers.warc.captures import RECORD_TYPES, scan

    columns = (*RECORD_TYPES, "other", "pages", "quarantined")
    rows, damage = [], []
    for path in files:
        counts: Counter[str] = Counter()
        try:
            for found in scan(path, in_utf8(str(path))):
                if isinstance(found, Quarantined):
                    counts["quarantined"] += 1
                    damage.append(found)
                else:
                    # The texts of WET files are pages, too.
                    page = found.record_type == "conversion" or (found.record_type, found.status) == ("response", 200)
                    counts.update([found.record_type, *(["pages"] if page else [])])
        except OSError as error:
            raise SystemExit(end_with(error, parser.prog)) from error
        rows.append((in_utf8(path.name), *(str(counts[column]) for column in columns)))
    widths = [max(map(len, column)) for column in zip(("file", *columns), *rows, strict=True)]
    for row in (("file", *columns), *rows):
        print("  ".join((row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)))))
    for row in damage:
        print(f"{row.file} at {row.offset}: {row.reason} ({row.detail})")


if __name__ == "__main__":
    main()
