"""The door of a source that comes as texts: its flags, its build and its command, from one value.

    BOOKS = TextCommand("build_books", "--books", "books", "gpt3-books", "Build a corpus from books.", "'books/*.zst'")

`source` is the name of a module of `corpus.sources` whose value in capitals is a `TextSource`; it is imported once the
flags are right, so that `--help` answers at once.
"""

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.command_line import CommandParser
from pipelines.cli.build_command import main_of
from pipelines.cli.flags import text_parser
from pipelines.cli.recipes import add_mask_flag, add_recipe_flag

if TYPE_CHECKING:
    from pipelines.builds.build import Build


@dataclass(frozen=True)
class TextCommand:
    """`verb` names the command, `flag` its files, `pattern` an example of them; `more` adds flags of its own."""

    verb: str
    flag: str
    source: str
    recipe: str
    about: str
    pattern: str
    more: Callable[[CommandParser], None] = lambda flags: None

    def parser(self) -> CommandParser:
        """The flags."""
        command = f"python -m pipelines.{self.verb}"
        example = f"\nexample:  {command} {self.flag} {self.pattern} --output corpus/{self.source}\n"
        flags = text_parser(command, self.flag, self.about, example)
        add_recipe_flag(flags, self.source, self.recipe)
        add_mask_flag(flags)
        self.more(flags)
        return flags

    def make(self, ours: CommandParser, given: argparse.Namespace, beam_flags: list[str]) -> "Build":
        """The build that the flags ask for."""
        from pipelines.builds.texts import text_build

        module = importlib.import_module(f"corpus.sources.{self.source}")
        return text_build(getattr(module, self.source.upper()), self.flag, ours, given, beam_flags)

    @property
    def main(self) -> Callable[..., int]:
        """The command."""
        return main_of(self.parser, self.make)
