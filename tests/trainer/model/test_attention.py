"""Attention: the kernels are chosen well, and all of them compute what the formula written out does."""

from dataclasses import replace

import pytest
import torch
from torch.nn.attention.flex_attention import create_block_mask

from trainer.model.attention import CUDNN_FIRST, Attention, KeyValueCache, Pass, attend, pick_attention
from trainer.model.gpt import GPT
from trainer.model.masks import BLOCK, MaskMaker, block_mask, explicit_mask, segments_of
from trainer.model.shape import Shape

torch.set_num_threads(1)
CPU = torch.device("cpu")
LENGTH = 48
SHAPE = Shape(layers=2, heads=4, width=32, sequence_length=LENGTH, vocab_size=60, pattern="DB", band=9)
HOPPER = (9, 0)


def drawn(*size, seed=1):
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def documents(rows=3, length=LENGTH):
    """Rows of documents of uneven lengths, one of a single token."""
    ends = torch.tensor([[1, 17, 30], [5, 6, 40], [length, length, length]])[:rows]
    return (torch.arange(length)[None, :, None] >= ends[:, None, :]).sum(-1)


def tokens(rows=3, length=LENGTH, seed=2):
    return torch.randint(0, 60, (rows, length), generator=torch.Generator().manual_seed(seed))


def sighted(band, ids):
    """What may be seen, by the words of the rule: one comparison after the other."""
    rows, length = ids.shape
    return torch.tensor(
        [
            [[key <= query and key > query - band and ids[row, key] == ids[row, query] for key in range(length)]
             for query in range(length)]
            for row in range(rows)
        ]
    )  # fmt: skip


# --- the choice


@pytest.mark.parametrize(
    ("device", "capability", "causal", "masked", "order"),
    [
        ("cpu", None, "sdpa", "sdpa", ()),
        ("mps", None, "sdpa", "sdpa", ()),
        ("cuda", (8, 0), "sdpa", "flex", ()),
        ("cuda", HOPPER, "sdpa", "flex", CUDNN_FIRST),
        ("cuda", (10, 0), "sdpa", "flex", ()),
        ("cuda", None, "sdpa", "flex", ()),
    ],
)
def test_every_device_has_kernels_that_can_train(device, capability, causal, masked, order):
    choice = pick_attention(device, capability, SHAPE)
    assert (choice.causal, choice.masked, choice.order) == (causal, masked, order)
    assert "SDPA" in choice.why


def test_flex_is_not_taken_where_it_cannot_train():
    choice = pick_attention("cuda", HOPPER, replace(SHAPE, dropout=0.1))
    assert choice.masked == "sdpa"
    assert "no dropout" in choice.why
    choice = pick_attention("cpu", None, SHAPE, "flex")
    assert choice.masked == "sdpa"
    assert "no backward" in choice.why


@pytest.mark.parametrize("asked", ["sdpa", "dense"])
def test_what_is_asked_for_is_taken(asked):
    assert pick_attention("cuda", HOPPER, SHAPE, asked).masked == asked
    with pytest.raises(ValueError, match="auto, sdpa, flex or dense"):
        pick_attention("cpu", None, SHAPE, "fast")


def test_a_model_says_what_it_chose_and_what_runs():
    model = GPT(SHAPE)
    assert model.choice == pick_attention("cpu", None, SHAPE)
    assert model.attention_in_words() == f"{model.choice.why}; SDPA takes FLASH_ATTENTION"
    assert GPT(SHAPE, "dense").attention_in_words() == "the formula written out, as asked"


# --- the masks


@pytest.mark.parametrize("band", [None, 1, 7, 47, 48, 100])
def test_the_explicit_mask_is_the_rule(band):
    ids = documents()
    mask = explicit_mask(LENGTH, LENGTH, CPU, band, segments_of(ids))
    assert torch.equal(mask[:, 0], sighted(band or LENGTH, ids))
    assert torch.equal(explicit_mask(5, LENGTH, CPU, band), explicit_mask(LENGTH, LENGTH, CPU, band)[-5:])


def test_a_document_that_comes_twice_in_a_row_is_two():
    assert segments_of(torch.tensor([[7, 7, 3, 3, 7], [1, 1, 1, 1, 1]])).tolist() == [[0, 0, 1, 1, 2], [0] * 5]


@pytest.mark.parametrize("band", [None, 1, 100, 128, 129, 300, 512])
@pytest.mark.parametrize("apart", [False, True])
def test_the_block_mask_is_the_one_that_all_pairs_give(band, apart):
    length = 4 * BLOCK
    ids = torch.tensor([[0, 100, 127, 128, 400], [0, 128, 256, 384, 384], [0, 0, 0, 0, 511]])
    segments = segments_of((torch.arange(length)[None, :, None] >= ids[:, None, :]).sum(-1)) if apart else None
    mask = block_mask(length, CPU, band, segments)
    rows = 3 if apart else 1
    whole = create_block_mask(mask.mask_mod, rows, None, length, length, device="cpu", BLOCK_SIZE=BLOCK)
    assert torch.equal(mask.to_dense().expand_as(whole.to_dense()), whole.to_dense())
    assert torch.equal(mask.kv_num_blocks.expand(rows, 1, 4), whole.kv_num_blocks)
    assert torch.equal(mask.full_kv_num_blocks.expand(rows, 1, 4), whole.full_kv_num_blocks)
    pairs = torch.arange(length)
    seen = mask.mask_mod(torch.arange(rows)[:, None, None], 0, pairs[:, None], pairs[None, :]).expand(rows, -1, -1)
    explicit = explicit_mask(length, length, CPU, band, segments).reshape(-1, length, length)
    assert torch.equal(seen, explicit.expand_as(seen))


def test_the_mask_of_the_band_is_made_once_and_only_where_blocks_fit():
    shape = replace(SHAPE, sequence_length=512, band=100, head_size=16)
    outlook = MaskMaker(shape, True, CPU)
    assert outlook.sight(512, 512, CPU).banded is outlook.kept
    assert outlook.sight(512, 512, CPU).dense is None
    for queries, keys in ((500, 500), (1, 512), (128, 512)):
        assert isinstance(outlook.sight(queries, keys, CPU).banded, torch.Tensor)
    assert MaskMaker(replace(shape, head_size=8), True, CPU).kept is None
    assert MaskMaker(replace(shape, band=512), True, CPU).kept is None


def test_documents_and_a_cache_do_not_go_together():
    with pytest.raises(ValueError, match="one document each"):
        MaskMaker(SHAPE, False, CPU).sight(1, 4, CPU, documents())


# --- the kernels, forward and gradient


@pytest.mark.parametrize("key_heads", [4, 2, 1])
@pytest.mark.parametrize("kind", ["causal", "band", "documents", "both"])
def test_sdpa_is_the_formula_forward_and_gradient(kind, key_heads):
    band, segments = (9 if kind in ("band", "both") else None), None
    if kind in ("documents", "both"):
        segments = segments_of(documents())
    mask = None if kind == "causal" else explicit_mask(LENGTH, LENGTH, CPU, band, segments)
    inputs = [drawn(3, heads, LENGTH, 8, seed=heads + 7).requires_grad_() for heads in (4, key_heads, key_heads)]
    results = []
    for asked in ("sdpa", "dense"):
        output = attend(*inputs, mask, pick_attention("cpu", None, SHAPE, asked))
        results.append((output, *torch.autograd.grad((output * drawn(*output.shape)).sum(), inputs)))
    for ours, reference in zip(*results, strict=True):
        assert torch.allclose(ours, reference, atol=1e-12)


def test_the_formula_written_out_is_softmax_over_what_is_seen():
    query, key, value = drawn(1, 1, 4, 8), drawn(1, 1, 4, 8, seed=3), drawn(1, 1, 4, 8, seed=4)
    output = attend(query, key, value, None, pick_attention("cpu", None, SHAPE, "dense"))
    weights = (query[0, 0, 2] @ key[0, 0, :3].T / 8**0.5).softmax(-1)
    assert torch.allclose(output[0, 0, 2], weights @ value[0, 0, :3], atol=1e-12)


@pytest.mark.parametrize("position", ["learned", "rotary"])
@pytest.mark.parametrize("masked", [False, True])
def test_a_model_with_bands_and_documents_equals_the_dense_one(position, masked):
    shape = replace(SHAPE, position=position, kv_heads=2, qk_norm=True)
    ids = documents() if masked else None
    losses, gradients = [], []
    for asked in ("auto", "dense"):
        model = GPT(shape, asked).double()
        losses.append(model(tokens(), tokens(seed=3), ids))
        gradients.append(torch.autograd.grad(losses[-1], list(model.parameters())))
    assert losses[0].item() == pytest.approx(losses[1].item(), abs=1e-12)
    assert all(torch.allclose(ours, dense, atol=1e-12) for ours, dense in zip(*gradients, strict=True))


def test_a_band_as_long_as_the_row_is_dense():
    model = GPT(replace(SHAPE, band=LENGTH)).double()
    dense = GPT(replace(SHAPE, pattern="D")).double()
    assert torch.equal(model.hidden(tokens()), dense.hidden(tokens()))
    narrow = GPT(SHAPE).double()
    assert not torch.allclose(narrow.hidden(tokens()), dense.hidden(tokens()))


def test_a_token_outside_the_band_changes_nothing():
    layer = Attention(SHAPE, 1)
    assert layer.banded
    for number, parameter in enumerate(layer.parameters()):
        parameter.data = drawn(*parameter.shape, seed=number) / 4
    sight, choice = MaskMaker(SHAPE, False, CPU).sight(LENGTH, LENGTH, CPU), pick_attention("cpu", None, SHAPE)
    before = drawn(1, LENGTH, 32)
    after = before.clone()
    after[0, 10] += 1
    changed = (layer(before, Pass(sight, choice)) != layer(after, Pass(sight, choice))).any(-1)[0]
    assert changed.nonzero().flatten().tolist() == list(range(10, 10 + SHAPE.band))


def test_a_token_of_another_document_changes_nothing():
    model, ids = GPT(replace(SHAPE, pattern="D", position="rotary")).double(), documents()
    before, other = tokens(), tokens()
    other[:, 3] = (other[:, 3] + 1) % 60
    changed = (model.hidden(before, ids) != model.hidden(other, ids)).any(-1)
    assert torch.equal(changed, (ids == ids[:, 3:4]) & (torch.arange(LENGTH) >= 3))


def test_the_future_changes_nothing():
    model = GPT(replace(SHAPE, position="rotary")).double()
    before, after = tokens(), tokens()
    after[:, 30:] = 0
    assert torch.equal(model.hidden(before)[:, :30], model.hidden(after)[:, :30])


# --- the cache


@pytest.mark.parametrize(
    "shape",
    [
        SHAPE,
        replace(SHAPE, position="rotary", kv_heads=2, qk_norm=True, norm="rms"),
        replace(SHAPE, norm_place="post", pattern="D"),
        replace(SHAPE, norm_place="post", pattern="D", gpt1_exact=True),
    ],
    ids=["learned-band", "rotary-band-grouped", "gpt1", "gpt1-exact"],
)
@pytest.mark.parametrize("asked", ["auto", "dense"])
def test_reading_in_pieces_with_a_cache_equals_reading_at_once(shape, asked):
    model = GPT(shape, asked).eval()
    cache = KeyValueCache(shape, 3, LENGTH, "cpu", torch.float32)
    with torch.no_grad():
        whole = model.hidden(tokens())
        for _ in range(2):
            parts = [model.hidden(part, cache=cache) for part in tokens().split([20, 7, 1, 1, 10, *[1] * 9], 1)]
            assert (torch.cat(parts, 1) - whole).abs().max() < 1e-5
            assert cache.length == LENGTH
            cache.reset()


def test_a_full_cache_and_a_row_that_is_too_long_say_so():
    model = GPT(SHAPE)
    cache = KeyValueCache(SHAPE, 3, 10, "cpu", torch.float32)
    with torch.no_grad(), pytest.raises(ValueError, match="holds 10 tokens and 11"):
        model.hidden(tokens(length=11), cache=cache)
    with pytest.raises(ValueError, match="49 tokens in a row; this model has 48 positions"):
        model.hidden(tokens(length=49))


# --- a GPU


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("masked", [False, True])
def test_on_a_gpu_the_chosen_kernels_equal_the_dense_ones(masked):
    shape = replace(SHAPE, sequence_length=512, band=100, width=128)
    ids = documents(length=512).cuda() if masked else None
    x, y = tokens(length=512).cuda(), tokens(length=512, seed=3).cuda()
    results = []
    for asked in ("auto", "dense"):
        model = GPT(shape, asked).cuda()
        loss = model(x, y, ids)
        results.append((loss, torch.autograd.grad(loss, model.blocks[1].attention.qkv.weight)[0]))
    (loss, slope), (dense_loss, dense_slope) = results
    assert loss.item() == pytest.approx(dense_loss.item(), abs=5e-3)
    assert (slope - dense_slope).norm() < 0.02 * dense_slope.norm()
