"""Books as they were printed: Project Gutenberg's frame taken off, GPT-1's standardisation.

Gutenberg's files changed their frame over fifty years. Since about 2004 the lines "*** START OF ..." and "*** END OF
..." part it from the book; before, the header ended with the "Small Print" and the footer was "End of the Project
Gutenberg Etext"; some files have the Small Print at their end. Between header and book stand credits ("Produced by
..."), and many collections have cut the marked frame and left these. Each part is therefore looked for by itself, and
only where it belongs. Where a mark could stand on either side of the book, the longer side is the book.

`gpt1_standardise` is what the code released with GPT-1 (Radford et al. 2018) does before BPE: ftfy, then dashes and
a few marks made plain, and runs of punctuation set apart by blanks. Lower case belongs to its tokenizer.
"""

import re

import ftfy

from corpus.document import Document

# The licence is 19,000 characters long, the longest "Small Print" header 15,000.
_FRAME = 40_000
# "*** START OF THIS PROJECT GUTENBERG EBOOK …***", which may run over lines; the same without stars; ABU's French one.
_START = re.compile(
    r"^[ \t]*(?:\*{3}[ \t]*START OF (?:THE|THIS) PROJECT GUTENBERG[^*]{0,500}\*{3}"
    r"|START OF (?:THE|THIS) PROJECT GUTENBERG (?:EBOOK|ETEXT)[^\n]*|-{10,}[ \t]*D[EÉ]BUT DU FICHIER[^\n]*)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_FOOTER = re.compile(
    r"^[ \t]*(?:\*{3}[ \t]*END OF (?:THE|THIS) PROJECT GUTENBERG|\*{3}[ \t]*START: FULL LICENSE"
    r"|END OF (?:THE|THIS) PROJECT GUTENBERG (?:EBOOK|ETEXT)[^\n]*\*{3}|-{10,}[ \t]*FIN DU FICHIER"
    r"|\*{0,3}[ \t]*(?:ENDE DIESES PROJE[CK]T GUTENBERG|FIN DE (?:CE|CET|LE|L')"
    r" ?(?:EBOOK|ETEXT|LIVRE)[^\n]{0,40} PROJECT GUTENBERG))",
    re.MULTILINE | re.IGNORECASE,
)
# "*START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START*": up to 20 characters may stand before it.
_SMALL_PRINT = re.compile(r"^[^\n]{0,20}\*?START\*{0,5}[ \t]*THE SMALL PRINT![^\n]*$", re.MULTILINE | re.IGNORECASE)
_SMALL_PRINT_END = re.compile(r"^[ \t]*\*{0,4}END[ *]*(?:OF )?THE SMALL PRINT![^\n]*$", re.MULTILINE | re.IGNORECASE)
# The sentence that closed old files, and still stands above the footer of newer ones: nothing but it to the end.
_LAST_WORDS = re.compile(
    r"^[ \t]*\**[ \t]*(?:(?:This is the )?End of (?:the |this )?Project Gutenberg"
    r"|Ende (?:dieses |des )?Proje[ck]t Gutenberg"
    r"|Fin (?:de |du |de l')?(?:livre |texte |etext |ebook )?(?:de |du )?Project Gutenberg"
    # In the paragraph that it begins, at most 500 characters, and then nothing but blanks to the end.
    r"|Ende dieses (?:Etextes|eBooks))\b(?:(?!\n[ \t]*\n)[\s\S]){0,500}\s*\Z",
    re.MULTILINE | re.IGNORECASE,
)
_CREDITS = re.compile(
    r"""\s*\[?\**\s*(?:
        produced\ by | (?:this\ )?e-?(?:text|book)\ (?:was\ )?(?:prepared|produced|transcribed|scanned|created)
      | transcribed\ (?:from|by) | (?:scanned|digitized|prepared|proofed)(?:\ and\ \w+)?\ by | html\ version\ by
      | (?:note:\ )?project\ gutenberg\ (?:also\ )?has\ | images\ of\ the\ original\ pages\ are\ available
      | (?:the\ )?project\ gutenberg(?:['’]s)?\ e-?(?:book|text)\b | project\ gutenberg['’]s\b
      | this\ e(?:book|text)\ is\ for\ the\ use\ of | copyright\ laws\ are\ changing
      | this\ header\ should\ be\ the\ first\ thing | welcome\ to\ the\ world\ of\ free\ plain\ vanilla
      | e(?:books|texts)\ readable\ by\ both\ humans | these\ e(?:books|texts)\ (?:are|were)\ prepared\ by
      | please\ take\ a\ look\ at\ the\ important\ information | information\ on\ contacting\ project\ gutenberg
      | (?:dieser|dieses)\ e-?(?:text|book)\ (?:wurde|ist) | (?:erstellt|gescannt)\ von\b.{0,80}gutenberg
      | (?:ce\ (?:livre|texte|fichier)|cet?\ e-?(?:text|book))\ (?:a\ été|est)\ (?:produit|numérisé|préparé|mis)
      | produit\ par\b | abu\s*:\s*la\ biblioth[eè]que\ universelle | projekt\ gutenberg-de\b
      | (?:title|author|translator|editor|illustrator|release\ date|posting\ date|language|credits
        |character\ set\ encoding|most\ recently\ updated|original\ publication):\ (?=.*)
      | \*+\s*this\ ebook\ was\ one\ of\ project\ gutenberg
      | \[?(?:last\ updated|most\ recently\ updated|this\ file\ was\ (?:first\ )?(?:posted|produced))
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_LABEL = re.compile(r"\s*[A-Za-z ]+:")
_LONGEST_CREDIT = 1_200
_LAST_CHARACTERS = 1_500
# Paragraphs of at most 40 lines, so that no match walks through a whole book.
_PARAGRAPH = re.compile(r"\s*?(?:\n|\A)?((?:[^\n]*\S[^\n]*(?:\n|\Z)){1,40})")
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")

_PLAIN = str.maketrans({"—": "-", "–": "-", "―": "-", "…": "...", "´": "'"})
# One mark repeated is one run: "no!!?" becomes "no !!  ? ".
_RUNS = re.compile(r"""([-~!";?+,)(\\/*\[\]}{|_])\1*""")
_LINE_ENDS = re.compile(r"(?<!\s)\s*\n\s*")
_BLANKS = re.compile(r"[^\S\n]+")


def strip_gutenberg(document: Document) -> Document:
    """The book without Project Gutenberg's header, credits, closing line and licence; any other text is left alone."""
    text = _without_small_print(document.text)
    # The last mark within a frame's length: whatever stands above it is header.
    header = max((match.end() for match in _START.finditer(text, 0, _FRAME)), default=0)
    footer = next((match.start() for match in _FOOTER.finditer(text, max(header, len(text) - _FRAME))), len(text))
    book = _without_credits(text[header:footer].rstrip())
    end = max(0, len(book) - _LAST_CHARACTERS)
    # Only the last 1,500 characters are searched: a novel may have the words in the middle.
    book = book[:end] + _LAST_WORDS.sub("", book[end:])
    return document.with_text(_BLANK_LINES.sub("", book.rstrip()))


def _without_small_print(text: str) -> str:
    """The text without the Small Print, nor what lies between it and the nearer end of the file.

    At the head that is the rest of the header, at the end of the file nothing much; a longer rest is a book, and stays.
    """
    end_mark = _last_mark(_SMALL_PRINT_END, text)
    # The start mark lies within a frame's length of the end mark, or without one of the file's end.
    start_mark = _SMALL_PRINT.search(text, max(0, (end_mark or len(text)) - _FRAME))
    if start_mark is None and end_mark is None:
        return text
    start = start_mark.start() if start_mark else 0
    end = end_mark if end_mark is not None and end_mark > start else min(len(text), start + _FRAME)
    before, after = text[:start], text[end:]
    # The longer side is the book: at the head the Small Print has the header before it, at the end next to nothing
    # after.
    if start_mark is None or len(after) > len(before):
        return after if len(before) <= _FRAME else text
    return before if len(after) <= _LAST_CHARACTERS else before.rstrip() + "\n\n" + after.lstrip("\n")


def _last_mark(pattern: re.Pattern[str], text: str) -> int | None:
    """The end of the last mark within a frame's length of the head, else of the first within that of the file's end."""
    head = [match.end() for match in pattern.finditer(text, 0, _FRAME)]
    if head:
        return head[-1]
    found = pattern.search(text, max(0, len(text) - _FRAME))
    return found.end() if found else None


def _without_credits(text: str) -> str:
    """The text from its first paragraph on that is no credit; labels ("Title: ...") go only after a credit."""
    start = 0
    while paragraph := _PARAGRAPH.match(text, start):
        credit = _CREDITS.match(paragraph[1])
        # "Title: Emma" as the first paragraph may be the book's own; after "Produced by …" it is the header's.
        if not credit or len(paragraph[1]) > _LONGEST_CREDIT or (start == 0 and _LABEL.match(paragraph[1])):
            break
        start = paragraph.end()
    return text[start:]


def gpt1_standardise(document: Document) -> Document:
    """The text as GPT-1's code hands it to its tokenizer: ftfy, plain marks, punctuation and line ends set apart."""
    text = ftfy.fix_text(document.text).translate(_PLAIN)
    text = _BLANKS.sub(" ", _RUNS.sub(r" \g<0> ", text))
    return document.with_text(_LINE_ENDS.sub(" \n ", text).strip())  # GPT-1 sets line ends apart as tokens of their own
