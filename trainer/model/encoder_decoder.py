"""An encoder and a decoder in one (Raffel et al., 2020): the decoder's tokens see their past and all of the source.

Both halves lie in `blocks`, the encoder's first, so that whatever walks over the blocks of a model (sharding,
compilation, the optimizer) needs to know nothing of halves. They share the matrix of tokens; each has its own final
norm and its own table of relative positions.
"""

from dataclasses import replace

from torch import Tensor, nn

from trainer.model.attention import KeyValueCache, Pass
from trainer.model.block import Block
from trainer.model.gpt import GPT, embedding_table
from trainer.model.layers import make_norm
from trainer.model.masks import MaskMaker
from trainer.model.shape import Shape


class EncoderDecoder(GPT):
    """A model of a shape whose architecture is encoder-decoder; beside its tokens it is given their `source`."""

    def __init__(self, shape: Shape, attention: str = "auto", seed: int | None = 0) -> None:
        super().__init__(shape, attention, seed=None)  # drawn below, when all modules are there
        relative = shape.position == "relative"
        self.encoder_relative = embedding_table(shape.relative_buckets, shape.heads) if relative else None
        self.encoder_norm = make_norm(shape) if shape.final_norm else None
        if seed is not None:
            self.initialise(seed)

    def _blocks(self) -> nn.ModuleList:
        shape, layers = self.shape, range(self.shape.layers)
        encoder = [Block(shape, layer) for layer in layers]
        return nn.ModuleList([*encoder, *(Block(shape, layer, cross=True) for layer in layers)])

    def encoded(self, source: Tensor, matrix: Tensor | None = None, documents: Tensor | None = None) -> Tensor:
        """States [B, n, width] of ids [B, n], each of which sees all of the row, or with `documents` of its own."""
        length = source.shape[1]
        state = self._embed(source, self.token_matrix() if matrix is None else matrix, 0, None)
        # `self.outlook` is the decoder's: causal. The source is seen from both sides.
        outlook = MaskMaker(replace(self.shape, architecture="encoder"), False, source.device)
        bias = self._bias(length, length, self.encoder_relative, both_ways=True)
        sight = outlook.sight(length, length, source.device, documents, bias=bias)
        shared = Pass(sight, self.choice, self._rotary(0, length))
        for block in self.blocks[: self.shape.layers]:
            state = block(state, shared)
        return state if self.encoder_norm is None else self.encoder_norm(state)

    def hidden(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        tokens: Tensor,
        documents: Tensor | None = None,
        cache: KeyValueCache | None = None,
        matrix: Tensor | None = None,
        source: Tensor | None = None,
        memory: Tensor | None = None,
    ) -> Tensor:
        """Ids [B, T] of the decoder -> its states [B, T, width], after `source` [B, n], or what it was encoded to."""
        if documents is not None:
            raise ValueError("an encoder-decoder reads one document in a row: document_mask has no meaning for it")
        matrix = self.token_matrix() if matrix is None else matrix
        if memory is None:
            if source is None:
                raise ValueError("an encoder-decoder reads a source before it writes: none was given")
            memory = self.encoded(source, matrix)
        past = 0 if cache is None else cache.length
        length = tokens.shape[1]
        state = self._embed(tokens, matrix, past, None)
        bias = self._bias(length, past + length, self.relative, both_ways=False)
        sight = self.outlook.sight(length, past + length, tokens.device, bias=bias)
        shared = Pass(sight, self.choice, self._rotary(past, length), cache, memory)
        for block in self.blocks[self.shape.layers :]:
            state = block(state, shared)
        if cache is not None:
            cache.length += length
        return state if self.final_norm is None else self.final_norm(state)


def make_model(shape: Shape, attention: str = "auto", seed: int | None = 0) -> GPT:
    """The model of a shape."""
    kind = EncoderDecoder if shape.architecture == "encoder-decoder" else GPT
    return kind(shape, attention, seed)
