"""After the model has spoken: a text shown twice stands once, and no line at the end announces nothing."""

import pytest

from corpus.extraction import blocks

PROSE = (
    "The river rises in the hills north of the town and runs for forty miles before it meets the sea.",
    "In spring the water is high, and farmers keep their cattle away, because the current has carried off many.",
    "The mills were built in the twelfth century by monks who needed flour, and two of them still grind grain.",
    "Fishermen come for the trout above the weir, although licences have been limited since the drought.",
)


def main_text(end: str) -> str:
    """The text of an article that ends with this."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in PROSE)
    page = f"<title>The river</title><main><article><h1>The river</h1>{body}{end}</article></main>"
    with blocks.read(page) as reading:
        return reading.write(blocks.forest()).text


@pytest.mark.parametrize(
    ("end", "times"),
    [
        (f"<div class='narrow'><section><p>{PROSE[1]}</p></section></div>", 1),
        (f"<p>{PROSE[1]}</p>", 2),
        (f"<p>{PROSE[1][:-1]} again.</p>", 2),
    ],
    ids=["in another place", "its sibling", "not the same"],
)
def test_a_text_that_a_page_shows_in_two_places_stands_once(end, times):
    assert main_text(end).count(PROSE[1][:-1]) == times


@pytest.mark.parametrize("end", ["<p>Read about it:</p>", "<h2>Further reading</h2>", "<h2>More</h2><p>Notes:</p>"])
def test_a_line_that_announces_nothing_is_left_out(end):
    assert main_text(end) == main_text("")
    assert len(main_text(f"{end}<p>{PROSE[1][:-1]} again.</p>")) > len(main_text("")) + len(PROSE[1])
