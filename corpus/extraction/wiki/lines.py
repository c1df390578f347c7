"""Lines of wiki markup to the blocks of the convention (docs/text.md): paragraphs, lists, rows, code, verse."""

import re

from corpus.extraction.wiki.inline import HARD_BREAK, blocks_of_tags, line_text
from corpus.extraction.wiki.opaque import BLOCK
from corpus.extraction.wiki.tables import table_ends, table_lines

_LIST = re.compile(r"([*#:;]+)\s*")
_HEADING = re.compile(r"(={1,6})([^\n]+?)\1\s*")  # == H ==, with as many on both sides
# Between these no blank is written: Chinese and Japanese.
_NO_BLANK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f\ue000]")
_CELL_LINE = re.compile(r"[|!]|\}\}|\|\}")
_SHORT_PROSE = 120


def text_of_lines(text: str) -> str:
    """The text of a piece of a page whose templates and links are expanded: blocks separated by blank lines."""
    writer = _Writer()
    lines = blocks_of_tags(text).split("\n")
    number, ends = 0, table_ends(lines)
    while number < len(lines):
        line = lines[number]
        plain = line.strip()
        if number in ends:
            writer.block(table_lines([plain.lstrip(" :"), *lines[number + 1 : ends[number]]]))
            number = ends[number]
            continue
        writer.line(line, plain)
        number += 1
    return writer.text()


class _Writer:
    """Collects lines into blocks; the numbers of ordered lists are counted for each depth."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.paragraph: list[str] = []
        self.items: list[str] = []
        self.counts: list[int] = []
        self.indented: list[str] = []
        self.terms = False  # whether the list that is open is one of terms and definitions

    def line(self, line: str, plain: str) -> None:
        """One line that belongs to no table."""
        if not plain or plain.startswith("----"):  # "----" is a rule across the page
            self.flush()
        elif BLOCK.fullmatch(plain):
            self.block([plain])
        elif heading := _HEADING.fullmatch(plain):
            title = line_text(heading[2])
            self.block([f"{'#' * len(heading[1])} {title}"] if title else [])
        elif found := _LIST.match(line):
            self.item(found[1], line[found.end() :])
        # Only where no paragraph is open: inside one a leading blank is a slip.
        elif line.startswith(" ") and not self.paragraph and plain[0] not in "|!":
            self.preformatted(line)
        elif _CELL_LINE.match(plain) and ("|" in plain or "!!" in plain):
            return  # a row of a table or box that has lost its beginning
        else:
            self.prose(plain)

    def prose(self, plain: str) -> None:
        """A line of a paragraph; joined to the one before unless a break parts them."""
        if self.items or self.indented:
            self.flush()
        if self.paragraph and not _NO_BLANK.match(self.paragraph[-1][-1]):
            self.paragraph.append(" ")
        self.paragraph.append(plain)

    def item(self, marks: str, text: str) -> None:
        """An item of a list; a colon alone is an indented paragraph."""
        if self.paragraph or self.indented:
            self.flush()
        kind, depth = marks[-1], len(marks)
        # Numbers by depth: "#*" keeps the count of "#", and "##" after "#" begins at 0.
        self.counts = (self.counts + [0] * depth)[:depth]
        shown = line_text(text).replace("\n", " " if kind in "*#" else "\n")
        if not shown:
            return
        if kind == "*":
            shown = f"- {shown}"
        elif kind == "#":
            self.counts[-1] += 1
            shown = f"{self.counts[-1]}. {shown}"
        elif kind == ";":
            term, colon, said = shown.partition(" : ")  # "; term : what it means" on one line
            shown = f"{term}\n: {said}" if colon else shown
        # After a term a colon is its definition; elsewhere it is an indented paragraph.
        elif self.items and self.terms:
            shown = f": {shown}"
        elif not marks.strip(":"):
            self.block([shown])
            return
        # "#*" is nested once; colons before a mark only indent.
        nested = sum(mark in "*#" for mark in marks[:-1])
        self.items.append("  " * nested + shown)
        self.terms = kind in ";:"  # the next colon belongs to this term

    def preformatted(self, line: str) -> None:
        """A line that begins with a blank keeps its indentation and its break."""
        if self.items:
            self.flush()
        text = line_text(line.replace(HARD_BREAK, "\n"))
        indent = len(line) - len(line.lstrip()) - 1  # without the blank that marks it
        if text:
            self.indented.append(" " * min(indent, 40) + text)

    def block(self, lines: list[str]) -> None:
        """Lines that are a block of their own."""
        self.flush()
        if lines:
            self.blocks.append("\n".join(lines))

    def flush(self) -> None:
        """End the paragraph, list or preformatted lines that are open."""
        paragraph = line_text("".join(self.paragraph))
        if paragraph:
            self.blocks.append(paragraph)
        if self.items:
            self.blocks.append("\n".join(self.items))
        if self.indented:
            # A single long line is prose whose first blank was a slip.
            one = len(self.indented) == 1 and len(self.indented[0]) > _SHORT_PROSE
            self.blocks.append(self.indented[0].strip() if one else "\n".join(self.indented))
        self.paragraph, self.items, self.indented, self.counts, self.terms = [], [], [], [], False

    def text(self) -> str:
        """All blocks."""
        self.flush()
        return "\n\n".join(self.blocks)
