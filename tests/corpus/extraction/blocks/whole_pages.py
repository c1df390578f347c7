"""The layout of a whole page, without a model's choice."""

import numpy as np

from corpus.extraction import blocks


def all_text(html: str) -> str:
    """The text of all blocks of a page."""
    with blocks.read(html) as reading:
        return reading.write_chosen(np.ones(reading.count(), np.bool_)).text


def block_texts(html: str) -> list[str]:
    """The blocks of a page."""
    with blocks.read(html) as reading:
        return reading.texts()[0]
