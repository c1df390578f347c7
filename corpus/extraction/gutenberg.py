"""Books as they were printed: Project Gutenberg's frame taken off, GPT-1's standardisation.

Gutenberg's files changed their frame over fifty years. Since about 2004 the lines "*** START OF ..." and "*** END OF
..." part it from the book; before, the header ended with the "Small Print" and the footer was "End of the Project
Gutenberg Etext". Between header and book stand credits ("Produced by ..."), and many collections have cut the marked
frame and left these. Each part is therefore looked for by itself, and only where it belongs: at the two ends.
A transcriber's note is about the text at hand and stays.

`gpt1_standardise` is what the code released with GPT-1 (Radford et al. 2018) does before BPE: ftfy, then dashes and
a few marks made plain, and runs of punctuation set apart by blanks. Lower case belongs to its tokenizer.
"""

import re

import ftfy

from corpus.document import Document

# The licence is 19,000 characters long, the longest "Small Print" header 15,000.
_FRAME = 40_000
_END_OF_HEADER = re.compile(
    r"^[ \t]*(?:\*{3}[ \t]*START OF (?:THE|THIS) PROJECT GUTENBERG[^*]{0,500}\*{3}|\*END[ *]*THE SMALL PRINT!.*|"
    r"START OF (?:THE|THIS) PROJECT GUTENBERG (?:EBOOK|ETEXT).*)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_FOOTER = re.compile(
    r"^[ \t]*(?:\*{3}[ \t]*END OF (?:THE|THIS) PROJECT GUTENBERG|\*{3}[ \t]*START: FULL LICENSE"
    r"|END OF (?:THE|THIS) PROJECT GUTENBERG (?:EBOOK|ETEXT)[^\n]*\*{3})",
    re.MULTILINE | re.IGNORECASE,
)
# The sentence that closed old files, and still stands above the footer of newer ones: nothing but it to the end.
_LAST_WORDS = re.compile(
    r"^[ \t]*\**[ \t]*(?:This is the )?End of (?:the |this )?Project Gutenberg\b(?:(?!\n[ \t]*\n).){0,500}\s*\Z",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_CREDITS = re.compile(
    r"""\s*(?:
        produced\ by | (?:this\ )?e-?(?:text|book)\ (?:was\ )?(?:prepared|produced|transcribed|scanned|created)
      | transcribed\ (?:from|by) | (?:scanned|digitized|prepared|proofed)(?:\ and\ \w+)?\ by | html\ version\ by
      | (?:note:\ )?project\ gutenberg\ (?:also\ )?has\ | images\ of\ the\ original\ pages\ are\ available
      | (?:the\ )?project\ gutenberg(?:['’]s)?\ e-?(?:book|text)\b | project\ gutenberg['’]s\b
      | this\ e(?:book|text)\ is\ for\ the\ use\ of | copyright\ laws\ are\ changing
      | (?:title|author|translator|editor|illustrator|release\ date|posting\ date|language|credits
        |character\ set\ encoding|most\ recently\ updated|original\ publication):\ (?=.*)
      | \*+\s*this\ ebook\ was\ one\ of\ project\ gutenberg
      | \[?(?:last\ updated|most\ recently\ updated|this\ file\ was\ (?:first\ )?(?:posted|produced))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_LABEL = re.compile(r"\s*[A-Za-z ]+:")
_LONGEST_CREDIT = 1_200
_LAST_CHARACTERS = 1_000
_PARAGRAPH = re.compile(r"\s*?(?:\n|\A)?((?:[^\n]*\S[^\n]*(?:\n|\Z)){1,40})")
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")

_PLAIN = str.maketrans({"—": "-", "–": "-", "―": "-", "…": "...", "´": "'"})
_RUNS = re.compile(r"""([-~!";?+,)(\\/*\[\]}{|_])\1*""")
_LINE_ENDS = re.compile(r"\s*\n\s*")
_BLANKS = re.compile(r"[^\S\n]+")

_SHORTEST_WRAPPED, _LONGEST_WRAPPED = 45, 90


def strip_gutenberg(document: Document) -> Document:
    """The book without Project Gutenberg's header, credits, closing line and licence; any other text is left alone."""
    text = document.text
    header = max((match.end() for match in _END_OF_HEADER.finditer(text, 0, _FRAME)), default=0)
    footer = next((match.start() for match in _FOOTER.finditer(text, max(header, len(text) - _FRAME))), len(text))
    book = _without_credits(text[header:footer].rstrip())
    end = max(0, len(book) - _LAST_CHARACTERS)
    book = book[:end] + _LAST_WORDS.sub("", book[end:])
    return document.with_text(_BLANK_LINES.sub("", book.rstrip()))


def _without_credits(text: str) -> str:
    """The text from its first paragraph on that is no credit; labels ("Title: ...") go only after a credit."""
    start = 0
    while paragraph := _PARAGRAPH.match(text, start):
        credit = _CREDITS.match(paragraph[1])
        if not credit or len(paragraph[1]) > _LONGEST_CREDIT or (start == 0 and _LABEL.match(paragraph[1])):
            break
        start = paragraph.end()
    return text[start:]


def gpt1_standardise(document: Document) -> Document:
    """The text as GPT-1's code hands it to its tokenizer: ftfy, plain marks, punctuation and line ends set apart."""
    text = ftfy.fix_text(document.text).translate(_PLAIN)
    text = _BLANKS.sub(" ", _RUNS.sub(r" \g<0> ", text))
    return document.with_text(_LINE_ENDS.sub(" \n ", text).strip())
