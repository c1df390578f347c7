"""The weights that a mixture ends with, and its table: before a run from estimates, after it from what was counted.

Temperature and caps need numbers of tokens, which are known only when the text is encoded. So the flags are kept as
given, the weights that follow from them stand in the manifest, and nobody has to compute them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.files.manifest import parquet_footer
from corpus.files.storage import place
from corpus.mixture import Mixture, MixtureError, capped, describe, fitted, gpt3_table, tempered
from corpus.tokenizer.encoding import Tokenizer
from pipelines.runtime.errors import StageError
from pipelines.work.tokens import encoded, text_batches


@dataclass(frozen=True)
class Weighting:
    """A mixture as given, and what the flags make of it: temperature first, then caps for a training of `budget`."""

    mixture: Mixture
    temperature: float = 1.0
    most_epochs: tuple[tuple[str, float], ...] = ()
    budget: int = 0
    published: str = ""

    def __post_init__(self) -> None:
        if self.most_epochs and not self.budget:
            raise MixtureError("--most-epochs needs --budget: epochs are those of a training of so many tokens")
        for name, most in self.most_epochs:
            self.mixture.share(name)
            if not most > 0:
                raise MixtureError(f"--most-epochs {name}={most:g}: give a number above 0, or leave the source out")
        if self.temperature != 1:
            tempered(self.mixture, self.temperature)
        fitted(self.mixture)

    def effective(self, n_tokens: Mapping[str, int]) -> Mixture:
        """The weights that stand in the manifest, from the tokens of each source's train split."""
        mixture = tempered(self.mixture, self.temperature) if self.temperature != 1 else fitted(self.mixture)
        return capped(mixture, n_tokens, self.budget, dict(self.most_epochs)) if self.most_epochs else mixture

    def table(self, n_tokens: Mapping[str, int]) -> list[str]:
        """What the mixture comes to: epochs for the budget, or for as many tokens as there are."""
        lines = []
        if self.published:
            lines += [
                "Table 2.2 of GPT-3's paper and the epochs that follow from it, for 300 B tokens:",
                gpt3_table(),
                "",
            ]
        effective = self.effective(n_tokens)
        if effective != self.mixture:
            given = ", ".join(f"{source.name} {source.weight}" for source in self.mixture.sources)
            caps = "".join(f", {name} at most {most:g} epochs" for name, most in self.most_epochs)
            how = "rounded" if effective == fitted(self.mixture) else f"temperature {self.temperature:g}{caps}"
            lines.append(f"weights from {given}: {how}")
        budget = self.budget or sum(n_tokens.values())
        whole = "" if self.budget else ", as many as there are"
        return [*lines, f"mixture for {budget:,} tokens{whole}:", describe(effective, n_tokens, budget)]


def parse_cap(text: str) -> tuple[str, float]:
    """A cap as a flag gives it, `NAME=EPOCHS`."""
    name, equals, most = text.partition("=")
    try:
        return name, float(most if equals and name else "")
    except ValueError:
        raise MixtureError(f"--most-epochs {text!r}: write NAME=EPOCHS, as in books=2") from None


def estimated_tokens(parts: Sequence[Mapping[str, Any]], tokenizer: Tokenizer) -> int:
    """About how many tokens some kept parts have: the bytes of their text over those a token has in a sample."""
    size = text_bytes(parts)
    for part in parts:
        for batch in text_batches(place(part["file"])):
            sample = encoded(batch, tokenizer)
            sampled = int(sample.n_bytes.sum())
            return size * len(sample.tokens) // sampled if sampled else 0
    return 0


def text_bytes(parts: Sequence[Mapping[str, Any]]) -> int:
    """The bytes of text in kept parts, from their footers alone."""
    total = 0
    for part in parts:
        metadata = parquet_footer(place(part["file"]))
        column = metadata.schema.to_arrow_schema().names.index("text")
        groups = (metadata.row_group(number).column(column) for number in range(metadata.num_row_groups))
        total += sum(group.total_uncompressed_size for group in groups)
    return total


def need_tokens(n_tokens: Mapping[str, int], documents: Mapping[str, int], removal: bool = False) -> None:
    """`StageError` for a source that has nothing to train on; `removal` says that documents have just been removed."""
    for name, count in n_tokens.items():
        if count:
            continue
        why = "it has no kept document; build it, or leave it out"
        if documents[name]:
            why = f"all its {documents[name]:,} documents "
            why += "are removed; leave it out" if removal else "fell to validation; lower --validation-share"
        raise StageError(f"{name}: no tokens to train on: {why}", 3)
