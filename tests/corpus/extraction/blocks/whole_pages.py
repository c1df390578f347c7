"""The layout of a whole page, without a model's choice."""

from corpus.extraction import blocks
from corpus.extraction.blocks import inspection


def all_text(html: str) -> str:
    """The text of all blocks of a page."""
    with blocks.read(html) as reading:
        return reading.write_chosen([True] * reading.count()).text


def block_texts(html: str) -> list[str]:
    """The blocks of a page."""
    with blocks.read(html) as reading:
        return inspection.texts(reading).texts
