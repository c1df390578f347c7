"""The live line of a build and of a training: rewritten on a terminal, a plain line every ten seconds elsewhere."""

import math
import shutil
import sys
import time
from typing import TextIO

PLAIN_EVERY = 10.0


class LiveLine:
    """The state of a run as one line: rewritten on a terminal, elsewhere a plain line every ten seconds."""

    def __init__(self, stream: TextIO | None = None, every: float = PLAIN_EVERY) -> None:
        self.stream, self.every, self._last, self._width = stream or sys.stderr, every, -math.inf, 0
        self.terminal = self.stream.isatty()

    def show(self, text: str, must: bool = False) -> None:
        """Show the line, if it is time or it `must` be seen."""
        now = time.monotonic()
        if not must and now - self._last < (0.1 if self.terminal else self.every):  # ten times a second at most
            return
        self._last = now
        if self.terminal:
            text = text[: shutil.get_terminal_size().columns - 1]  # a line that wraps cannot be rewritten
            self.stream.write("\r" + text.ljust(self._width))  # blanks over the rest of a longer line before
            self._width = len(text)
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def say(self, text: str) -> None:
        """A line that stays."""
        if self.terminal and self._width:
            self.stream.write("\n")
            self._width = 0
        self.stream.write(text + "\n")
        self.stream.flush()

    def end(self) -> None:
        """Leave the last line standing."""
        if self.terminal and self._width:
            self.stream.write("\n")
            self._width = 0
