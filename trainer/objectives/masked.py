"""Masked language modelling (BERT; Devlin et al., 2019, section 3.1 and appendix A.1).

Of each row 15 % of the tokens are to be predicted: eight in ten of them are replaced by [MASK], one by a random token,
and one is left as it is, so that no token can be trusted. Their number is the same in every row; the ends of documents
are never among them.
"""

import numpy as np
from torch import Tensor

from trainer.data.permutation import below
from trainer.model.loss import IGNORED
from trainer.objectives.chance import hashes, sample_keys, uniforms
from trainer.objectives.objective import ModelInputs, ObjectiveError, TextVocabulary

MARKS = ("[MASK]",)
_MASKED, _RANDOM = 0.8, 0.9


class Masked:
    """`share` of the first `length` tokens of a window, hidden by `text.marks`' only id."""

    def __init__(self, length: int, text: TextVocabulary, share: float, seed: int) -> None:
        self.length, self.text, self.seed = length, text, seed
        self.hidden = round(share * length)
        self.columns = 2 * length
        if not 0 < self.hidden < length:
            raise ObjectiveError(
                f"mask_share={share} of rows of {length} tokens hides {self.hidden}; hide at least one"
            )

    def write(self, rows: np.ndarray, samples: np.ndarray, out: np.ndarray) -> None:
        """Tokens, some of them hidden, then targets: the true token where one is to be predicted, else -100."""
        length, window = self.length, rows[:, : self.length]
        keys = sample_keys(self.seed, "masked", samples)
        places = hashes(keys, length)
        # The `hidden` least hashes of a row are its places; the greatest of them, [n, 1], is the border. Ends of
        # documents have the greatest hash there is, and the second
        # test below is for rows with fewer words than `hidden`.
        places[window == self.text.end_of_text] = np.iinfo(np.uint64).max
        worst = np.partition(places, self.hidden - 1, axis=1)[:, self.hidden - 1 : self.hidden]
        wanted = (places <= worst) & (window != self.text.end_of_text)
        how = uniforms(keys, length, stream=1)
        random = below(hashes(keys, length, stream=2), np.array(self.text.n_ids, np.uint64)).astype(np.int32)
        hidden = np.where(how < _MASKED, self.text.marks[0], np.where(how < _RANDOM, random, window))
        out[:, :length] = np.where(wanted, hidden, window)
        out[:, length:] = np.where(wanted, window, IGNORED)

    def read(self, written: Tensor) -> ModelInputs:
        """The two halves of the row."""
        tokens, targets = written.long().split(self.length, dim=1)
        return ModelInputs(tokens.contiguous(), targets.contiguous())

    def counts(self, targets: Tensor) -> Tensor:
        """Every target is a word."""
        return targets != IGNORED
