"""The weights that a mixture ends with, and its table: before a run from estimates, after it from what was counted.

Temperature and caps need numbers of tokens, which are known only when the text is encoded. So the flags are kept as
given, the weights that follow from them stand in the manifest, and nobody has to compute them again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from corpus.mixture import Mixture, MixtureError, apply_temperature, cap_epochs, describe, fit_table, gpt3_table
from pipelines.runtime.errors import StageError


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
            self.mixture.share(name)  # an error where there is no such source
            if not most > 0:
                raise MixtureError(f"--most-epochs {name}={most:g}: give a number above 0, or leave the source out")
        if self.temperature != 1:
            # Tried here for its errors: before anything is tokenized.
            apply_temperature(self.mixture, self.temperature)
        fit_table(self.mixture)

    def effective(self, n_tokens: Mapping[str, int]) -> Mixture:
        """The weights that stand in the manifest, from the tokens of each source's train split."""
        mixture = (
            apply_temperature(self.mixture, self.temperature) if self.temperature != 1 else fit_table(self.mixture)
        )
        return cap_epochs(mixture, n_tokens, self.budget, dict(self.most_epochs)) if self.most_epochs else mixture

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
            # Weights that are numbers of tokens are rounded to a table of bearable length; else it was the flags.
            how = "rounded" if effective == fit_table(self.mixture) else f"temperature {self.temperature:g}{caps}"
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
