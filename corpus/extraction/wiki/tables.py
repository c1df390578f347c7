"""Tables as rows: one line per row, cells separated by " | ", the caption above.

A cell that spans several rows stands in each of them. A table of one column is a list. Boxes (navigation, notices,
infoboxes written as tables) show nothing. A table that only lays out paragraphs shows its cells one after the other.
"""

import re
from dataclasses import dataclass, field

from corpus.extraction.wiki.inline import HARD_BREAK, line_text

_BOX = re.compile(
    r"\b(?:infobox|navbox|sidebar|metadata|[a-z]?mbox|vcard|geography|taxobox|biota|toc|noprint|navigation|succession|"
    r"persondata|wikitable-nav|mw-collapsed-nav|float-?right-box|float-?left-box|NavFrame|plainlinks-box|nomobile)\b",
    re.IGNORECASE,
)
_DATA = re.compile(r"\b(?:wikitable|prettytable|sortable|datatable|border\s*=\s*[\"']?[1-9])", re.IGNORECASE)
_SPAN = re.compile(r"\b(row|col)span\s*=\s*[\"']?\s*(\d{1,3})", re.IGNORECASE)
# The attributes of a cell: up to the first single bar.
_ATTRIBUTES = re.compile(r"[^|\[\]{}\n]*\|(?!\|)")
_CELL_BREAK = re.compile(r"\|\||(?<=.)!!")  # || anywhere, !! only in a line of heads
# Characters on average: longer cells are paragraphs, so the table is a layout.
_LONG_CELL = 200
_EMPTY = "–"
_DEEPEST = 4
_MOST_COLUMNS = 60  # colspan=999 is an attack or a slip


@dataclass(slots=True)
class _Cell:
    text: str
    rows: int = 1


@dataclass(slots=True)
class _Table:
    attributes: str
    caption: str = ""
    rows: list[list[_Cell]] = field(default_factory=lambda: [[]])


def table_lines(lines: list[str], depth: int = 0) -> list[str]:
    """The rows of a table, whose lines run from its `{|` to its `|}`; nothing for a box."""
    opening = lines[0].strip()
    if _BOX.search(opening) or depth > _DEEPEST:
        return []
    table = _read(lines[1:], opening, depth)
    rows = _without_empty_columns(_filled(table.rows))
    cells = [cell for row in rows for cell in row if cell]
    if not cells:
        return []
    layout = not _DATA.search(opening) and sum(map(len, cells)) / len(cells) > _LONG_CELL
    caption = [line_text(table.caption).replace("\n", " ")] if line_text(table.caption) else []
    if layout:
        return ["\n\n".join((*caption, *cells))]
    if all(len(row) == 1 for row in rows):
        return [*caption, *(f"- {cell}" for cell in cells)]
    # A row of nothing but empty cells goes.
    return [*caption, *(" | ".join(cell or _EMPTY for cell in row) for row in rows if any(row))]


def _read(lines: list[str], attributes: str, depth: int) -> _Table:
    table = _Table(attributes)
    target: list[str] = []  # the lines of the cell that is open
    opened: tuple[str, str] = ("", "")
    number, ends = 0, table_ends(lines)
    while number < len(lines):
        line = lines[number].strip()
        number += 1
        if line.startswith("{|"):
            end = ends[number - 1]
            # A table inside a cell stands in it as a list with commas.
            target.append(", ".join(table_lines(lines[number - 1 : end], depth + 1)))
            number = end
        elif line.startswith(("|}", "|-", "|+", "|", "!")):
            _finish(table, opened, target)
            opened, target = _begin(table, line)
        else:
            target.append(line)
    _finish(table, opened, target)
    return table


def _begin(table: _Table, line: str) -> tuple[tuple[str, str], list[str]]:
    """What a line of markup opens, and the text after it; whole cells before the last are stored at once."""
    if line.startswith("|}"):
        return ("", ""), []
    if line.startswith("|-"):
        table.rows.append([])
        return ("", ""), []
    if line.startswith("|+"):
        return ("caption", ""), [_content(line[2:])[1]]
    # "| a || b": all but the last are whole; the last may go on in the next lines.
    pieces = _CELL_BREAK.split(line[1:]) if line[0] == "!" else line[1:].split("||")
    for piece in pieces[:-1]:
        attributes, text = _content(piece)
        _store(table, attributes, text)
    attributes, text = _content(pieces[-1])
    return ("cell", attributes), [text]


def _content(piece: str) -> tuple[str, str]:
    """The attributes of a cell and its text."""
    # `style="…" | text` has attributes; `[[link]] | text` has none: the link is a mark between \x7f by now (`opaque`).
    found = _ATTRIBUTES.match(piece)
    if not found or ("=" not in found[0] and found[0].strip(" |") and "\x7f" in found[0]):
        return "", piece
    return found[0], piece[found.end() :]


def _finish(table: _Table, opened: tuple[str, str], lines: list[str]) -> None:
    kind, attributes = opened
    if kind == "caption":
        table.caption = " ".join(lines)
    elif kind == "cell":
        _store(table, attributes, "\n".join(lines))


def _store(table: _Table, attributes: str, text: str) -> None:
    spans = {name.lower(): int(number) for name, number in _SPAN.findall(attributes)}
    if len(table.rows[-1]) >= _MOST_COLUMNS:
        return
    table.rows[-1].append(_Cell(_cell_text(text), max(1, spans.get("row", 1))))
    # A cell over two columns: the second is empty, and as high.
    for _ in range(min(_MOST_COLUMNS, spans.get("col", 1)) - 1):
        if len(table.rows[-1]) < _MOST_COLUMNS:
            table.rows[-1].append(_Cell("", max(1, spans.get("row", 1))))


def _cell_text(text: str) -> str:
    """The text of a cell in one line, with commas between its lines where the next does not go on in small letters."""
    shown = ""
    for line in text.replace(HARD_BREAK, "\n").split("\n"):
        piece = line_text(line.lstrip("*#:; ")).replace("\n", " ")
        if not piece:  # "* item" inside a cell
            continue
        joint = " " if not shown or piece[0] in "([–—-/" or shown[-1] in ",;:–—-/(" or piece[0].islower() else ", "
        shown = f"{shown}{joint}{piece}" if shown else piece
    return shown


def _filled(rows: list[list[_Cell]]) -> list[list[str]]:
    """The rows with the cells that hang over from the rows above put in; rows that have no cell of their own go."""
    # `over` has what hangs into the row at hand, by column. What hangs into the next row waits under -1 - column, so
    # that it is not met in this one, and is turned back at the end of the row: column 2 → -3 → 2.
    over: dict[int, _Cell] = {}
    filled: list[list[str]] = []
    for row in rows:
        if not row:
            continue
        line: list[str] = []
        own = iter(row)
        cell = next(own, None)
        while cell is not None or any(column >= len(line) for column in over):
            column = len(line)
            above = over.pop(column, None)
            if above is None:
                above = cell or _Cell("")
                cell = next(own, None)
            line.append(above.text)
            if above.rows > 1:
                over[-1 - column] = _Cell(above.text, above.rows - 1)
        over = {-1 - column: held for column, held in over.items()}
        filled.append(line)
    return filled


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """The rows without the columns that hold nothing below their head: flags, arms, pictures."""
    width = max(map(len, rows), default=0)
    used = {column for column in range(width) if any(row[column] for row in rows[1:] if column < len(row))}
    if len(rows) < 3 or not used:
        return rows
    return [[cell for column, cell in enumerate(row) if column in used] for row in rows]


def table_ends(lines: list[str]) -> dict[int, int]:
    """For the number of every line that opens a table, that of the line after its end.

    One that never ends goes as far as its rows do: to the first line that opens neither cell nor row.
    """
    ends: dict[int, int] = {}
    opened: list[int] = []
    for number, line in enumerate(lines):
        plain = line.lstrip(" \t:")
        if plain.startswith("{|"):
            opened.append(number)
        elif opened and plain.startswith("|}"):
            ends[opened.pop()] = number + 1
    for start in reversed(opened):
        end = start + 1
        while end < len(lines) and lines[end].strip().startswith(("|", "!", "{|")):
            end = ends.get(end, end + 1)
        ends[start] = end
    return ends
