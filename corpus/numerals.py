"""Whole numbers that stand in text from outside: in markup, in flags, in the names of folders, in tables."""


def whole_number(text: str) -> int | None:
    """The number that decimal digits of any script write; None for all else, and for more than 18 digits."""
    # Not isdigit, which is true of "²", while int takes decimal digits alone, and of those no more than 4,300.
    return int(text) if text.isdecimal() and len(text) <= 18 else None
