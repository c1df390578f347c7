"""The likelihood of a text under a model: of an ending after a context, and of a whole text in rolling windows.

Context and ending are encoded together and cut where the context's own ids end, with the blank between them on the
ending's side: a model has seen " Paris" and hardly ever a blank without a word. That is the convention of
lm-evaluation-harness, so the figures can be compared. Requests are sorted by length, which wastes little padding, and
logits are made for the positions of the endings only.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from corpus.errors import ExitCode
from trainer.evaluation.tasks import TaskError
from trainer.model.gpt import GPT
from trainer.model.shape import ArchitectureError

Encode = Callable[[str], Sequence[int]]
Request = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Likelihood:
    """Of one ending: the sum of its tokens' log-probabilities in nats, their number, and whether each is likeliest.

    `cut` says that the beginning of the context did not fit the model.
    """

    total: float
    n_tokens: int
    greedy: bool
    cut: bool = False


def encode_pair(encode: Encode, context: str, ending: str, prefix: int) -> Request:
    """Ids of the context and of the ending; blanks at the context's end go to the ending.

    An empty context becomes the token `prefix` (end of text). `TaskError` for an ending without a token.
    """
    # "The sky is " + "blue": the context's ids are those of "The sky is", and the ending is what follows, " blue". Ids
    # of the context alone and of the whole can differ at the seam; lm-evaluation-harness cuts by the number of ids too.
    bare = context.rstrip()
    whole = [int(token) for token in encode(context + ending)]
    cut = len(encode(bare)) if bare else 0
    if cut >= len(whole):
        raise TaskError(f"the ending {ending!r} has no token of its own after {context[-40:]!r}")
    return tuple(whole[:cut]) or (prefix,), tuple(whole[cut:])


class Scorer:
    """Log-probabilities of requests, `batch_tokens` tokens of context and ending at a time.

    `model` is put into evaluation. A request longer than the model's context loses the beginning of its own context;
    an ending that alone is longer is scored in pieces, as a rolling window does. Equal requests are computed once.
    """

    def __init__(self, model: GPT, batch_tokens: int = 16_384) -> None:
        if model.shape.architecture != "decoder":
            raise ArchitectureError(
                f"a model of architecture {model.shape.architecture} sees what follows a token, so its probabilities "
                "are not those of a text: give the run of a decoder, or fine-tune this one"
            )
        self.model = model.eval()
        self._batch_tokens = max(1, batch_tokens)
        self._device = next(model.parameters()).device

    def score(self, requests: Sequence[Request]) -> list[Likelihood]:
        """The likelihood of each ending after its context, in the order of the requests."""
        pieces = [self._pieces(request) for request in requests]
        most = self.model.shape.sequence_length
        waiting: list[Request] = []
        done: dict[Request, Likelihood] = {}
        # Longest first: rows of a batch are about equally long, and what does not fit shows at once.
        for piece in sorted({piece for each in pieces for piece in each}, key=lambda pair: (-_length(pair), pair)):
            # waiting[0] is the longest, so it says how wide all rows of the batch are padded.
            if waiting and (len(waiting) + 1) * min(_length(waiting[0]), most) > self._batch_tokens:
                done.update(zip(waiting, self._batch(waiting), strict=True))
                waiting = []
            waiting.append(piece)
        if waiting:
            done.update(zip(waiting, self._batch(waiting), strict=True))
        return [_together([done[piece] for piece in each]) for each in pieces]

    def rolling(self, tokens: Sequence[int], prefix: int, overlap: int = 1) -> Tensor:
        """The log-probability of each token of a text, float64 [n]; see `rolling_windows`."""
        length = self.model.shape.sequence_length
        stream = torch.tensor([prefix, *tokens])
        scores = torch.full((len(tokens),), math.nan, dtype=torch.float64)
        windows = rolling_windows(len(tokens), length, overlap)
        rows = max(1, self._batch_tokens // length)
        for first in range(0, len(windows), rows):
            self._rolling_batch(stream, windows[first : first + rows], scores)
        return scores

    def _pieces(self, request: Request) -> list[Request]:
        """The request itself, or an ending that is too long in pieces, each after all that stands before it."""
        (context, ending), most = request, self.model.shape.sequence_length
        # An ending of 5 tokens, a model of 2: (context, e0 e1), (context e0 e1, e2 e3), (context … e3, e4).
        starts = range(0, len(ending), most)
        return [((*context, *ending[:start]), ending[start : start + most]) for start in starts]

    @torch.inference_mode()
    def _batch(self, requests: Sequence[Request]) -> list[Likelihood]:
        # The last token is a target only: inputs are all but it, and the newest `most` of them.
        most = self.model.shape.sequence_length
        whole = [(*context, *ending)[-most - 1 :] for context, ending in requests]
        width = max(map(len, whole)) - 1
        tokens = torch.zeros(len(whole), width, dtype=torch.int64)
        targets = torch.full((len(whole), width), -1, dtype=torch.int64)
        for row, (ids, (_, ending)) in enumerate(zip(whole, requests, strict=True)):
            tokens[row, : len(ids) - 1] = torch.tensor(ids[:-1])
            # Context 5 6, ending 7 8: tokens 5 6 7, targets -1 7 8.
            # Each target stands where the token before it is read.
            targets[row, len(ids) - 1 - len(ending) : len(ids) - 1] = torch.tensor(ending)
        chosen, greedy = self._score_targets(tokens, targets)
        counts = [len(ending) for _, ending in requests]
        return [
            Likelihood(float(part.sum()), len(part), bool(best.all()), _length(request) > most + 1)
            for part, best, request in zip(chosen.split(counts), greedy.split(counts), requests, strict=True)
        ]

    @torch.inference_mode()
    def _rolling_batch(self, stream: Tensor, windows: Sequence[tuple[int, int, int]], scores: Tensor) -> None:
        width = max(end - begin for begin, _, end in windows)
        tokens = torch.zeros(len(windows), width, dtype=torch.int64)
        targets = torch.full((len(windows), width), -1, dtype=torch.int64)
        places = []
        for row, (begin, first, end) in enumerate(windows):
            # The stream has one token more in front, so its place i is
            # read just before the text's token i, which is stream[i + 1].
            tokens[row, : end - begin] = stream[begin:end]
            targets[row, first - begin : end - begin] = stream[first + 1 : end + 1]
            places.append(torch.arange(first, end))
        scores[torch.cat(places)] = self._score_targets(tokens, targets)[0]

    def _score_targets(self, tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Of the targets that are not -1, row by row: log-probability (float64) and whether it is the likeliest."""
        tokens, targets = tokens.to(self._device), targets.to(self._device)
        wanted = targets >= 0
        logits = self.model.logits(self.model.hidden(tokens)[wanted])  # [wanted targets, vocab_size], not [rows, T, …]
        ids = targets[wanted]
        chosen = torch.log_softmax(logits, -1).gather(-1, ids[:, None])[:, 0]
        if not bool(chosen.isfinite().all()):
            raise TaskError("the model's logits are not finite here: it has diverged, or needs --dtype float32")
        return chosen.double().cpu(), (logits.argmax(-1) == ids).cpu()


def _length(request: Request) -> int:
    return len(request[0]) + len(request[1])


def _together(pieces: Sequence[Likelihood]) -> Likelihood:
    if len(pieces) == 1:
        return pieces[0]
    total, n_tokens = sum(piece.total for piece in pieces), sum(piece.n_tokens for piece in pieces)
    return Likelihood(total, n_tokens, all(piece.greedy for piece in pieces), cut=True)


def rolling_windows(n_tokens: int, length: int, overlap: int = 1) -> list[tuple[int, int, int]]:
    """Windows (begin, first, end) over a text, in the stream [prefix, text]: each token is scored exactly once.

    A window reads the stream's places begin … end - 1 and scores the text's tokens first … end - 1, of which each is
    predicted from the places before it. With `overlap` 1 the windows are disjoint and each has one token of context;
    with more, every scored token but those of the first window has at least `overlap` tokens of context. The last
    window reaches back as far as `length` allows, since its context costs nothing.
    """
    if not 1 <= overlap <= length:
        raise TaskError(
            f"an overlap of {overlap} with windows of {length}: give a number from 1 to {length}", ExitCode.FLAGS
        )
    # 10 tokens, length 4. Overlap 1: (0, 0, 4) (4, 4, 8) (6, 8, 10), the last one reaches back.
    # Overlap 3: (0, 0, 4) (2, 4, 6) (4, 6, 8) (6, 8, 10): each window scores 2 new tokens behind at least 3.
    windows, scored = [], 0
    while scored < n_tokens:
        end = min(n_tokens, scored + (length if not scored else length - overlap + 1))
        windows.append((max(0, end - length), scored, end))
        scored = end
    return windows
