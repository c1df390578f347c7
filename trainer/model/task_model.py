"""A pre-trained model with one new layer on its extract token: what fine-tuning trains, and its loss.

L3 = L2 + λ·L1 (Radford et al., 2018, section 3.2): the loss of the task and, with λ = .5, that of the language model
on the same sequences, which is a mean over each sequence first and over the batch then. The vectors of a similarity's
two orders are added before the layer, so that swapping the texts changes nothing. Encoders, prefix decoders and the
encoder's half of an encoder-decoder are fine-tuned in the same forms, without the language model's part.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.evaluation.forms import Marks, SequenceRows
from trainer.model.encoder_decoder import EncoderDecoder, make_model
from trainer.model.gpt import GPT
from trainer.model.initial import WEIGHT_STD
from trainer.model.loss import IGNORED, token_cross_entropy
from trainer.model.shape import Shape


def with_marks(shape: Shape, weights: Mapping[str, Tensor], seed: int, dropout: float | None = None) -> GPT:
    """A model with the weights of a pre-trained one and rows for the three marks, which are drawn from N(0, .02).

    `dropout` None keeps the shape's.
    """
    wider = replace(shape, vocab_size=shape.vocab_size + 3, dropout=shape.dropout if dropout is None else dropout)
    model = make_model(wider, seed=None)
    drawn = torch.empty(2, 3, shape.width).normal_(0.0, WEIGHT_STD, generator=torch.Generator().manual_seed(seed))
    grown = dict(weights)
    tables: dict[str, Tensor] = dict(zip(("embedding.weight", "head.weight"), drawn, strict=True))
    for name, tensor in weights.items():
        if name in tables or name == "head_bias" or name.startswith("value_tables"):
            # Rows before: tokens, GPT-1's positions if they stand here,
            # padding. Rows after: tokens, the 3 marks, positions, padding.
            tokens, others = tensor[: shape.vocab_size], tensor[shape.vocab_size : shape.softmax_size]
            # Tables without drawn rows (the head's bias, value tables) get zeros.
            rows = torch.cat((tokens, tables.get(name, tensor.new_zeros(3, *tensor.shape[1:])), others))
            grown[name] = F.pad(rows, (0, 0) * (rows.ndim - 1) + (0, wider.padded_vocab_size - len(rows)))
    model.load_state_dict(grown)
    return model


class TaskModel(nn.Module):
    """A GPT and the new layer; `outputs` is the number of classes, or 1 for a regression and for `choice`."""

    def __init__(self, model: GPT, form: str, outputs: int, dropout: float = 0.1, seed: int = 0) -> None:
        super().__init__()
        self.form, self.dropout = form, dropout
        self.model = model
        self.layer = nn.Linear(model.shape.width, outputs)
        nn.init.normal_(self.layer.weight, 0.0, WEIGHT_STD, generator=torch.Generator().manual_seed(seed))
        nn.init.zeros_(self.layer.bias)

    @property
    def marks(self) -> Marks:
        """The last three ids of the vocabulary."""
        return Marks(*range(self.model.shape.vocab_size - 3, self.model.shape.vocab_size))

    def forward(self, rows: SequenceRows) -> tuple[Tensor, Tensor]:
        """Scores float32 [n, outputs] ([n, ways] for `choice`), and the language model's loss of the batch, a scalar.

        The score of an answer that an example does not have is -∞.
        """
        present = rows.present
        # One row for each sequence that there is; n·ways rows only where every example has all.
        tokens, targets = rows.tokens[present], rows.targets[present]
        matrix = self.model.token_matrix()
        hidden = self._hidden(tokens, rows.extract[present], matrix)
        # [sequences, T, width] -> the state at each extract token [sequences, width] -> back to [n, ways, width], zeros
        # where an answer is missing. `masked_scatter` fills the places
        # of the mask in row order, as boolean indexing read them.
        places = torch.arange(len(hidden), device=hidden.device)
        extracted = hidden[places, rows.extract[present]]
        vectors = extracted.new_zeros(*present.shape, extracted.shape[-1]).masked_scatter(present[..., None], extracted)
        if self.model.shape.architecture != "decoder":
            # What sees the whole text has nothing to predict in it.
            return self._scores(vectors.float(), present), hidden.new_zeros((), dtype=torch.float32)
        return self._scores(vectors.float(), present), self._language_loss(hidden, targets, matrix)

    def _hidden(self, tokens: Tensor, last: Tensor, matrix: Tensor) -> Tensor:
        """States of the texts; where tokens see what follows, the padding behind the `last` [n] is hidden from them."""
        if self.model.shape.architecture == "decoder":
            return self.model.hidden(tokens, matrix=matrix)
        padding = (torch.arange(tokens.shape[1], device=tokens.device) > last[:, None]).long()
        if isinstance(self.model, EncoderDecoder):
            return self.model.encoded(tokens, matrix, padding)
        return self.model.hidden(tokens, padding, matrix=matrix)

    def _scores(self, vectors: Tensor, present: Tensor) -> Tensor:
        if self.form == "choice":
            scores = self.layer(F.dropout(vectors, self.dropout, self.training))[..., 0]
            return scores.masked_fill(~present, -torch.inf)
        # Over the ways: one of a classification or an entailment, the two orders of a similarity.
        return self.layer(F.dropout(vectors.sum(1), self.dropout, self.training))

    def _language_loss(self, hidden: Tensor, targets: Tensor, matrix: Tensor) -> Tensor:
        shape, wanted = self.model.shape, targets != IGNORED
        weight = (matrix if shape.tied else self.model.head.weight)[: shape.softmax_size]
        losses = token_cross_entropy(hidden[wanted], weight, targets[wanted], len(weight), shape.soft_cap)
        # A mean per sequence and then over sequences: a long text counts as much as a short one.
        sums = losses.new_zeros(targets.shape).masked_scatter(wanted, losses).sum(1)
        return (sums / wanted.sum(1)).mean()

    def loss(self, rows: SequenceRows, labels: Tensor, auxiliary: float) -> Tensor:
        """L3 = L2 + `auxiliary`·L1, a scalar: labels are int64 [n], or float32 [n] for a regression."""
        scores, language = self(rows)
        regression = labels.is_floating_point()
        task = F.mse_loss(scores[:, 0], labels) if regression else F.cross_entropy(scores, labels)
        return task + auxiliary * language
