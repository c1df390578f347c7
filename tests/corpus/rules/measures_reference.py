"""The measures of the rules by regular expressions and plain loops: the oracle of the compiled ones."""

import re
from collections import Counter

from corpus.rules.c4 import C4Limits
from corpus.rules.characters import MARKS, TERMINAL_PUNCTUATION

_CHARACTER = rf"[^\s{MARKS}]"
_CLITIC = r"(?:[smdt]|ll|re|ve)\b"
_TOKEN = re.compile(
    rf"""
      @?{_CHARACTER}+(?:
          \.(?=[a-z0-9]){_CHARACTER}+
        | \.(?=[A-Z]\.){_CHARACTER}
        | \.(?:(?<=\b[A-Z]\.) | (?<=\.[a-z]\.))
        | \.(?:(?<=\b(?:Mr|Ms|Dr|St|Jr|vs)\.) | (?<=\bMrs\.))
        | ://\S*{_CHARACTER}/?
        | ,(?<=\d,)(?=\d){_CHARACTER}+
        | [:/–](?=\d){_CHARACTER}+
        | [&@(=\[]{_CHARACTER}+
        | -(?<=[^\W\d_]-)(?=\d){_CHARACTER}+
        | ['’](?!{_CLITIC}){_CHARACTER}+
      )*
    | ['’]{_CLITIC}
    | \.{{2,}} | [-|=^+~/]{{2,}}
    | \S
    """,
    re.VERBOSE,
)
_SENTENCE_END = re.compile(
    r"""
      (?<!\b[A-Z]) (?<!\b(?:Mr|Ms|Dr|St)) (?<!\bMrs)
      (?<![.!?…।؟]) [.!?…।؟]++ ["'”’»)\]]*+ (?=\s+[^\sa-z] | \s*$)
    | [。！？｡]++ [”’」』）]*+
    """,
    re.VERBOSE,
)
_CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
_POLICY = re.compile("terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies")


def words(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


def lexical(tokens) -> list[str]:
    return [token for token in tokens if re.search(r"[^\W_]", token)]


def without_heading_marks(text: str) -> str:
    return re.sub(r"^#{1,6} ", "", text, flags=re.MULTILINE)


def count_sentences(line: str) -> int:
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    return len(ends) + bool(line[ends[-1] if ends else 0 :].strip())


def counts(text: str) -> dict[str, int]:
    letters = re.findall(rf"{_CHARACTER[:-1]}\d_]+", text)
    return {
        "characters": len(text),
        "visible": len("".join(text.split())),
        "letters": sum(map(len, letters)),
        "tokens": len(words(text)),
        "lexical": len(lexical(words(text))),
    }


def prose(text: str, stop_words) -> dict[str, int]:
    text = without_heading_marks(text)
    tokens = words(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {
        "tokens": len(tokens),
        "lexical": len(lexical(tokens)),
        "lexical_characters": sum(map(len, lexical(tokens))),
        "alphabetic": sum(token.isalpha() or bool(re.search(r"[^\W\d_]", token)) for token in tokens),
        "stop_words": len(set(stop_words) & set(tokens)),
        "hashes": text.count("#"),
        "ellipses": text.count("...") + text.count("…"),
        "lines": len(lines),
        "bullets": sum(line.startswith(("•", "-")) for line in lines),
        "trailing": sum(line.endswith(("...", "…")) for line in lines),
    }


def pieces(found) -> dict[str, object]:
    found = [piece for piece in found if piece.strip()]
    distinct = Counter(found)
    return {
        "count": len(found),
        "distinct": len(distinct),
        "repeated_characters": sum(map(len, found)) - sum(map(len, distinct)),
        "commonest": distinct.most_common(1)[0][0] if found else "",
    }


def lines(text: str, short: int) -> dict[str, object]:
    found = [line for line in text.split("\n") if line.strip()]
    return {
        **pieces(found),
        "punctuated": sum(line[-1] in TERMINAL_PUNCTUATION for line in found),
        "short": sum(len(line) <= short for line in found),
        "breaks": text.count("\n"),
    }


def paragraphs(text: str) -> dict[str, object]:
    return pieces(re.split(r"\n{2,}", text.strip()))


def ngrams(text: str, n: int) -> dict[str, int]:
    """For one n, with every n-gram as a tuple of its tokens."""
    tokens = words(text)
    every = list(zip(*(tokens[skip:] for skip in range(n)), strict=False))
    most, count = Counter(every).most_common(1)[0]
    seen, first, characters, free = set(), 0, 0, 0
    for place, ngram in enumerate(every):
        if place < free:
            continue
        if ngram in seen:
            first = first if characters else place
            characters += sum(map(len, ngram))
            free = place + n
        seen.add(ngram)
    return {
        "frequent_start": every.index(most),
        "frequent_count": count,
        "frequent_characters": sum(map(len, most)),
        "duplicate_start": first,
        "duplicate_characters": characters,
    }


def sample(text: str, window: int) -> str:
    text = " ".join(text.split())
    if len(text) <= 3 * window:
        return text
    middle = (len(text) - window) // 2
    return f"{text[:window]} {text[middle : middle + window]} {text[-window:]}"


def c4_lines(text: str, limits: C4Limits) -> str:
    kept: list[str] = []
    is_after_blank = False
    for line in map(str.strip, text.splitlines()):
        cleaned = _cleaned(line, limits) if line else None
        if cleaned:
            kept += ["", cleaned] if is_after_blank and kept else [cleaned]
        is_after_blank = not line or (is_after_blank and not cleaned)
    return "\n".join(kept)


def _cleaned(line: str, limits: C4Limits) -> str | None:
    if max(map(len, line.split())) > limits.max_word_length:
        return None
    line = _CITATION.sub("", line)
    if limits.ends_in_mark and (not line.endswith(limits.end_marks) or line.endswith("...")):
        return None
    if len(line.split()) < limits.min_words_per_line:
        return None
    lowered = line.lower()
    if "lorem ipsum" in lowered:
        return line
    return None if "javascript" in lowered or ("{" not in line and _POLICY.search(lowered)) else line
