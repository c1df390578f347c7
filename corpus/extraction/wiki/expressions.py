"""The arithmetic of `{{#expr:…}}`: numbers, comparisons, and, or, not, mod, round, floor, powers.

A parser by precedence (Pratt); an expression that is wrong, too long or too deep has no value.
"""

import math
import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|<=|>=|<>|!=|[-+*/^()=<>−×÷]|[a-z]+)\s*", re.IGNORECASE
)
_LONGEST = 2_000
_DEEPEST = 50  # levels of brackets and operators
# Binds how tightly, and what it does. Higher binds first: 2+3*4 is 2+(3*4). MediaWiki's own order, with "round" below
# "+".
_BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "or": (1, lambda a, b: float(bool(a) or bool(b))),
    "and": (2, lambda a, b: float(bool(a) and bool(b))),
    "=": (3, lambda a, b: float(a == b)),
    "<>": (3, lambda a, b: float(a != b)),
    "!=": (3, lambda a, b: float(a != b)),
    "<": (3, lambda a, b: float(a < b)),
    ">": (3, lambda a, b: float(a > b)),
    "<=": (3, lambda a, b: float(a <= b)),
    ">=": (3, lambda a, b: float(a >= b)),
    "round": (4, lambda a, b: _rounded(a, int(b))),
    "+": (5, lambda a, b: a + b),
    "-": (5, lambda a, b: a - b),
    "*": (6, lambda a, b: a * b),
    "/": (6, lambda a, b: a / b),
    "div": (6, lambda a, b: a / b),
    "mod": (6, lambda a, b: math.fmod(int(a), int(b))),  # of whole numbers, with the sign of the first: -7 mod 3 is -1
    "fmod": (6, math.fmod),
    # From left to right, as in MediaWiki: 2^3^2 is 64.
    "^": (7, lambda a, b: a**b),
    "e": (8, lambda a, b: a * 10.0**b),  # 2 e 3 as 2000; "2e3" is one token
}
_UNARY: dict[str, Callable[[float], float]] = {
    "-": lambda a: -a,
    "+": lambda a: a,
    "not": lambda a: float(not a),
    "floor": lambda a: float(math.floor(a)),
    "ceil": lambda a: float(math.ceil(a)),
    "trunc": lambda a: float(math.trunc(a)),
    "abs": abs,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}
# Above all others: -2^2 is (-2)^2 = 4, as in MediaWiki.
_UNARY_PRECEDENCE = 9


def expression_value(expression: str) -> float | None:
    """The number that an expression makes, or None."""
    if len(expression) > _LONGEST:
        return None
    tokens = _tokens(expression)
    if not tokens:
        return None
    try:
        value = _Parser(tokens).all()
        return value if math.isfinite(value) else None
    except (ValueError, ArithmeticError, IndexError, TypeError):
        return None


def number_text(value: float) -> str:
    """A number as MediaWiki prints it: 14 digits at most, no zeros at the end."""
    if value == int(value) and abs(value) < 1e15:  # a whole number below 10^15 has no exponent
        return str(int(value))
    text = f"{value:.14G}"
    return text.replace("E+0", "E+").replace("E-0", "E-")  # 1E+06 as PHP writes it, 1E+6


def _tokens(expression: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    while position < len(expression):
        found = _TOKEN.match(expression, position)
        if not found:
            return [] if expression[position:].strip() else tokens
        tokens.append(found[1].lower().replace("−", "-").replace("×", "*").replace("÷", "/"))
        position = found.end()
    return tokens


def _rounded(value: float, places: int) -> float:
    """Half away from zero, as PHP rounds."""
    scale = 10.0 ** max(-15, min(15, places))
    # Python's round would make 2.5 a 2; floor(2.5 + .5) makes it 3, and -2.5 a -3.
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    def all(self) -> float:
        value = self._value(0)
        if self.at != len(self.tokens):
            raise ValueError(self.tokens[self.at])
        return value

    def _value(self, precedence: int) -> float:
        """The value of what follows, as far as its operators bind more tightly than `precedence`."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("too deep")
        left = self._operand()
        # 2+3*4: after 2, "+" (5) binds more than 0; its right side is read with 5, so "*" (6) still belongs to it.
        # 2*3+4: the right side of "*" is read with 6 and stops before "+".
        while self.at < len(self.tokens) and (found := _BINARY.get(self.tokens[self.at])) and found[0] > precedence:
            self.at += 1
            left = found[1](left, self._value(found[0]))
        self.depth -= 1
        return left

    def _operand(self) -> float:
        token = self.tokens[self.at]
        self.at += 1
        if token == "(":
            value = self._value(0)
            if self.tokens[self.at] != ")":
                raise ValueError("no )")
            self.at += 1
            return value
        if token in _UNARY:
            return _UNARY[token](self._value(_UNARY_PRECEDENCE))  # "not 1 = 1" is (not 1) = 1
        return _CONSTANTS[token] if token in _CONSTANTS else float(token)
