"""Attention masks: the past, a band of it, its own document, a prefix, everything; one for each kind of kernel.

Visibility is computed once per forward pass, as `PassMasks`, and shared by all layers. For FlexAttention the mask of
blocks is found here from the borders of the blocks alone, in O((T/128)²) comparisons on the device, because a row's
documents follow each other; evaluating all T² pairs, as its own constructor does, costs several times the attention
when documents change with every batch. No shape depends on the data, so that a compiled step stays one graph.
"""

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.model.shape import Shape

if TYPE_CHECKING:
    from torch.nn.attention.flex_attention import BlockMask

BLOCK = 128  # FlexAttention's own size of a block
LEAST_HEAD = 16  # Triton multiplies no narrower matrices
ALL = "all"
Mask: TypeAlias = "Tensor | BlockMask | str | None"


class PassMasks(NamedTuple):
    """What the queries of dense and of banded layers may see; None is plain causality, `ALL` everything.

    A mask of numbers is added to the scores: it holds the biases of positions, and -∞ where nothing may be seen.
    """

    dense: Mask
    banded: Mask


def segments_of(documents: Tensor) -> Tensor:
    """Document ids [B, T] -> numbers that rise by one wherever the id changes, int32 [B, T]."""
    # [5, 5, 9, 9] changes at [0, 1, 0]; the sums [0, 1, 1] behind a first 0 are the segments [0, 0, 1, 1].
    changes = (documents[:, 1:] != documents[:, :-1]).to(torch.int32)
    return F.pad(changes.cumsum(1, dtype=torch.int32), (1, 0))


def explicit_mask(
    queries: int,
    keys: int,
    device: torch.device,
    band: int | None = None,
    segments: Tensor | None = None,
    prefix: Tensor | int | None = None,
) -> Tensor:
    """True where query may see key: bool [queries, keys], or [B, 1, queries, keys] with `segments` [B, keys].

    The queries are the last ones of the keys, as they are when a cache holds the earlier tokens. All queries of a row
    see its first `prefix` keys, a number or one for each row, [B].
    """
    # 2 queries, 4 keys   1 1 1 0      3 tokens, band 2   1 0 0      prefix 2   1 1 0
    #                     1 1 1 1                         1 1 0                 1 1 0
    #                                                     0 1 1                 1 1 1
    query = torch.arange(keys - queries, keys, device=device)[:, None]
    key = torch.arange(keys, device=device)[None, :]
    mask = key <= query
    if band is not None:
        mask = mask & (key > query - band)
    if prefix is not None:
        mask = mask | (key < (prefix if isinstance(prefix, int) else prefix[:, None, None, None]))
    if segments is not None:
        mask = mask & (segments[:, None, keys - queries :, None] == segments[:, None, None, :])
    return mask


def block_mask(
    length: int, device: torch.device, band: int | None = None, segments: Tensor | None = None
) -> "BlockMask":
    """The same for FlexAttention over `length` tokens, a multiple of 128.

    Segments rise along a row. So a block of keys has something for a block of queries exactly if it is not later, its
    last segment is not before the queries' first, and its last key is within the band of the first query; and all of
    it is seen if it is earlier, its first segment is the queries' last, and its first key is within the band of the
    last query.
    """
    from torch.nn.attention.flex_attention import BlockMask  # takes a second or two, and on a CPU nobody needs it

    apart = segments is not None
    if segments is None:
        segments = torch.zeros(1, length, dtype=torch.int32, device=device)
    reach = length if band is None else band
    low = torch.arange(0, length, BLOCK, device=device)
    high = low + BLOCK - 1
    # 384 tokens, documents of 128, 192 and 64:   block    0  1  2
    #                                             first    0  1  1
    #                                             last     0  1  2
    # Block 2 has something of blocks 1 and 2, block 1 of itself, block 0 of itself; nowhere is all of a block seen.
    first, last = segments[:, ::BLOCK], segments[:, BLOCK - 1 :: BLOCK]
    # All [B, query blocks, key blocks]: axis 1 is the query's, axis 2 the key's.
    some = (low[None, :] <= low[:, None]) & (high[None, :] > low[:, None] - reach)
    some = some & (last[:, None, :] >= first[:, :, None])
    whole = (low[None, :] < low[:, None]) & (low[None, :] > high[:, None] - reach)
    whole = whole & (first[:, None, :] == last[:, :, None])

    def causal(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (key > query - reach)

    def within_document(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return causal(batch, head, query, key) & (segments[batch, query] == segments[batch, key])

    # Blocks seen in part call the function for every pair; blocks seen whole do not.
    return BlockMask.from_kv_blocks(
        *_order(some & ~whole),
        *_order(whole),
        BLOCK_SIZE=BLOCK,
        mask_mod=within_document if apart else causal,
        seq_lengths=(length, length),
    )


def _order(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Bool [B, n, n] -> how many key blocks each query block has, int32 [B, 1, n], and which, first, [B, 1, n, n]."""
    # Row [1, 0, 1]: 2 blocks, and the stable sort puts them first, [0, 2, 1].
    count = blocks.sum(-1, dtype=torch.int32)
    indices = torch.argsort(blocks.to(torch.int32), dim=-1, descending=True, stable=True).to(torch.int32)
    return count[:, None].contiguous(), indices[:, None].contiguous()


class MaskMaker:
    """Makes the sight of every pass of one model on one device; keeps the band's block mask, which never changes.

    `flex` is whether bands and documents run as FlexAttention; where a length is no whole number of blocks, or a cache
    holds earlier tokens, they have an explicit mask all the same.
    """

    def __init__(self, shape: Shape, flex: bool, device: torch.device) -> None:
        self.band = shape.band if "B" in shape.pattern else None
        self.flex = flex and shape.head_width >= LEAST_HEAD
        self.length = shape.sequence_length
        self.causal = shape.architecture != "encoder"
        self.kept = None
        if self.flex and self.length % BLOCK == 0 and self.band is not None and self.band < self.length:
            # 512 tokens, band 256: queries 384 … 511 see keys from 129
            # on, part of block 1, all of block 2, part of block 3.
            self.kept = block_mask(self.length, device, self.band)

    def sight(
        self,
        queries: int,
        keys: int,
        device: torch.device,
        documents: Tensor | None = None,
        prefix: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> PassMasks:
        """For the last `queries` of `keys` tokens; `documents` [B, keys] hides other documents and takes no cache.

        `prefix` [B] tokens of each row are seen by all of it, `bias` [heads, queries, keys] is added to the scores.
        """
        if documents is not None and queries != keys:
            raise ValueError("documents and a cache do not go together: the rows of a cache are one document each")
        segments = None if documents is None else segments_of(documents)
        if not self.causal or prefix is not None or bias is not None:
            return self._special(queries, keys, device, segments, prefix, bias)
        dense = None
        if segments is not None or queries not in (1, keys):  # one last query, or all: a kernel's own causality will do
            dense = self._mask(queries, keys, device, None, segments)
        if self.band is None or self.band >= keys:
            return PassMasks(dense, dense)
        return PassMasks(dense, self._mask(queries, keys, device, self.band, segments))

    def _special(
        self,
        queries: int,
        keys: int,
        device: torch.device,
        segments: Tensor | None,
        prefix: Tensor | None,
        bias: Tensor | None,
    ) -> PassMasks:
        """Explicit masks, for which no kernel has a name of its own; none at all where everything is seen."""
        if not self.causal and segments is None and bias is None:
            return PassMasks(ALL, ALL)
        band = self.band if self.band is not None and self.band < keys else None
        first = prefix if self.causal else keys
        reaches = (None,) if band is None else (None, band)
        masks = [explicit_mask(queries, keys, device, reach, segments, first) for reach in reaches]
        if bias is not None:
            masks = [torch.where(mask, bias, -torch.inf) for mask in masks]
        return PassMasks(masks[0], masks[-1])

    def _mask(self, queries: int, keys: int, device: torch.device, band: int | None, segments: Tensor | None) -> Mask:
        if not self.flex or queries != keys or keys % BLOCK:
            return explicit_mask(queries, keys, device, band, segments)
        if segments is None and keys == self.length and self.kept is not None:
            return self.kept
        return block_mask(keys, device, band, segments)
