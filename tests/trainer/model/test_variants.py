"""The forms beside GPT's own, each against hand calculation: positions, norms, who sees whom, caps and values."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from trainer.model.attention import KeyValueCache, Pass, pick_attention
from trainer.model.block import Block
from trainer.model.encoder_decoder import EncoderDecoder, make_model
from trainer.model.gpt import GPT
from trainer.model.loss import Scores, chunked_cross_entropy, soft_capped, token_cross_entropy
from trainer.model.masks import ALL, MaskMaker, explicit_mask
from trainer.model.positions import alibi_slopes, distances, relative_buckets, rotary_rates, sinusoids
from trainer.model.shape import Shape

torch.set_num_threads(1)
CPU = torch.device("cpu")
SHAPE = Shape(layers=2, heads=4, width=32, sequence_length=24, vocab_size=90)
T5 = replace(SHAPE, architecture="encoder-decoder", norm="rms", position="relative", bias=False, activation="relu")


def tokens(seed=2, rows=3, length=24):
    return torch.randint(0, 90, (rows, length), generator=torch.Generator().manual_seed(seed))


def test_slopes_of_alibi_halve_from_head_to_head():
    assert alibi_slopes(8).tolist() == [0.5**n for n in range(1, 9)]
    # Twelve heads: those of eight, then every other one of sixteen.
    assert alibi_slopes(12)[8:].tolist() == pytest.approx([2**-0.5, 2**-1.5, 2**-2.5, 2**-3.5])


def test_alibi_takes_the_distance_times_the_slope_from_the_score():
    model = GPT(replace(SHAPE, position="alibi"))
    bias = model._bias(2, 4, None, both_ways=False)
    assert bias is not None and bias.shape == (4, 2, 4)
    # Heads of four: 1/4, 1/16, …; the queries are the places 2 and 3.
    assert bias[0].tolist() == [[-0.5, -0.25, 0.0, -0.25], [-0.75, -0.5, -0.25, 0.0]]


def test_buckets_of_t5_are_single_then_grow():
    far = torch.tensor([[0, -1, -15, -16, -18, -19, -30, -127, -128, -5000, 4]])
    assert relative_buckets(far, SHAPE, both_ways=False).tolist() == [[0, 1, 15, 16, 16, 17, 20, 31, 31, 31, 0]]
    # Both ways 16 buckets each, of which 8 are single: 8 · 16^((n - 8)/8) is where bucket n begins.
    both = torch.tensor([[-7, -8, -12, -16, -5000, 0, 1, 7, 8, 12, 5000]])
    assert relative_buckets(both, SHAPE, both_ways=True).tolist() == [[7, 8, 9, 10, 15, 0, 17, 23, 24, 25, 31]]


def test_distances_are_those_of_the_last_queries():
    assert distances(2, 4, CPU).tolist() == [[-2, -1, 0, 1], [-3, -2, -1, 0]]


def test_sinusoids_are_the_papers():
    table = sinusoids(50, 6)
    assert table[7].tolist() == pytest.approx(
        [part for i in range(3) for part in (math.sin(7 / 10_000 ** (2 * i / 6)), math.cos(7 / 10_000 ** (2 * i / 6)))]
    )


def rates(**options):
    return rotary_rates(replace(SHAPE, position="rotary", head_size=4, **options)).tolist()


def test_rotary_rates_are_stretched_as_the_papers_say():
    assert rates() == pytest.approx([1, 0.01])
    assert rates(rotary_scaling="linear", rotary_factor=2.0) == pytest.approx([0.5, 0.005])
    assert rates(rotary_scaling="ntk", rotary_factor=2.0) == pytest.approx([1, 0.005])
    # In 400 tokens the pairs turn 400/2π = 63.7 times and .637 times: the first is left, the second divided.
    both = {"rotary_factor": 8.0, "rotary_original": 400}
    assert rates(rotary_scaling="llama3", **both) == pytest.approx([1, 0.01 / 8])
    # In 1,257 tokens the second turns 2.0006 times: a third of the way from 1 to 4, so a third of its rate is kept.
    kept = (1257 * 0.01 / (2 * math.pi) - 1) / 3
    wanted = [1, kept * 0.01 + (1 - kept) * 0.01 / 8]
    assert rates(rotary_scaling="llama3", rotary_factor=8.0, rotary_original=1257) == pytest.approx(wanted)
    # YaRN's ramp runs over the numbers of pairs: from floor(.40) = 0 to ceil(1.15) = 2 here, so pair 1 keeps half.
    assert rates(rotary_scaling="yarn", rotary_factor=8.0, rotary_original=1257) == pytest.approx(
        [1, 0.01 / 2 + 0.01 / 2 / 8]
    )


def test_yarn_also_scales_both_tables():
    model = GPT(replace(SHAPE, position="rotary", rotary_scaling="yarn", rotary_factor=8.0, rotary_original=16))
    assert model.rotary is not None
    assert model.rotary[0][0].tolist() == pytest.approx([0.1 * math.log(8) + 1] * 4)


@pytest.mark.parametrize("place", ["pre", "post", "sandwich", "deepnorm"])
def test_a_block_has_its_norms_where_it_says(place):
    shape = replace(SHAPE, norm_place=place)
    block = Block(shape, 0).double()
    for number, parameter in enumerate(block.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)).double() / 3
    shared = Pass(MaskMaker(shape, False, CPU).sight(5, 5, CPU), pick_attention("cpu", None, shape))
    x = torch.randn(2, 5, 32, generator=torch.Generator().manual_seed(9)).double()

    def attention(state):
        return block.attention(state, shared)

    if place == "pre":
        x1 = x + attention(block.attention_norm(x))
        wanted = x1 + block.feed(block.feed_norm(x1))
    elif place == "sandwich":
        x1 = x + block.attention_out_norm(attention(block.attention_norm(x)))
        wanted = x1 + block.feed_out_norm(block.feed(block.feed_norm(x1)))
    else:
        alpha = 4**0.25 if place == "deepnorm" else 1.0
        x1 = block.attention_norm(alpha * x + attention(x))
        wanted = block.feed_norm(alpha * x1 + block.feed(x1))
    assert torch.allclose(block(x, shared), wanted, atol=1e-12)


def test_deepnorm_begins_with_smaller_values_and_projections():
    model = GPT(replace(SHAPE, layers=8, width=256, norm_place="deepnorm"))
    beta, xavier = 64**-0.25, math.sqrt(2 / 512)
    query, key, value = model.blocks[3].attention.qkv.weight.chunk(3)
    assert query.std().item() == pytest.approx(xavier, rel=0.02) == pytest.approx(key.std().item(), rel=0.03)
    assert value.std().item() == pytest.approx(beta * xavier, rel=0.02)
    up = model.blocks[3].feed.up.weight
    assert up.std().item() == pytest.approx(beta * math.sqrt(2 / (256 + 1024)), rel=0.02)


def test_geglu_is_a_gate_and_a_value():
    model = GPT(replace(SHAPE, activation="geglu"))
    feed, x = model.blocks[0].feed, torch.randn(3, 32)
    gate, value = (x @ part.T for part in feed.up.weight.chunk(2))
    assert torch.allclose(feed(x), (F.gelu(gate, approximate="tanh") * value) @ feed.down.weight.T, atol=1e-6)
    assert SHAPE.inner_width == 128 and replace(SHAPE, activation="geglu").inner_width == 256


def test_a_prefix_is_seen_by_its_whole_row_and_the_rest_by_what_follows():
    mask = explicit_mask(4, 4, CPU, prefix=torch.tensor([0, 3]))
    assert mask[0, 0].int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert mask[1, 0].int().tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize("position", ["learned", "relative", "alibi", "rotary", "sinusoidal"])
def test_a_changed_token_changes_who_sees_it(position):
    before, after = tokens(), tokens()
    after[:, 10] = (after[:, 10] + 1) % 90
    changed = {}
    for kind, more in (("decoder", {}), ("encoder", {}), ("prefix", {"prefix": torch.tensor([0, 10, 11])})):
        model = GPT(replace(SHAPE, architecture=kind, position=position)).eval()
        changed[kind] = (model.hidden(before, **more) != model.hidden(after, **more)).any(-1)
    assert changed["decoder"].tolist() == [[place >= 10 for place in range(24)]] * 3
    assert changed["encoder"].all()
    assert changed["prefix"][:2].tolist() == changed["decoder"][:2].tolist()
    assert changed["prefix"][2].all()


def test_documents_of_an_encoder_see_themselves_only():
    model = GPT(replace(SHAPE, architecture="encoder"))
    documents = (torch.arange(24) >= 12).long().expand(3, -1)
    after = tokens()
    after[:, 3] = (after[:, 3] + 1) % 90
    changed = (model.hidden(tokens(), documents) != model.hidden(after, documents)).any(-1)
    assert changed.tolist() == [[place < 12 for place in range(24)]] * 3
    assert model.outlook.sight(4, 4, CPU).dense == ALL


@pytest.mark.parametrize(
    "options",
    [
        {"position": "alibi"},
        {"position": "relative", "pattern": "DB", "band": 5},
        {"position": "sinusoidal", "norm_place": "sandwich"},
        {"norm_place": "deepnorm", "value_embeddings": 1},
    ],
)
def test_a_cache_gives_the_states_of_a_whole_pass(options):
    model = GPT(replace(SHAPE, **options)).double().eval()
    cache = KeyValueCache(model.shape, 3, 24, CPU, torch.float64)
    parts = [model.hidden(part, cache=cache) for part in tokens().split([7, 1, 9, 7], 1)]
    assert torch.allclose(torch.cat(parts, 1), model.hidden(tokens()), atol=1e-12)


@pytest.mark.parametrize("position", ["relative", "rotary", "learned"])
def test_an_encoder_decoder_reads_all_of_its_source_and_writes_in_order(position):
    shape = replace(T5, position=position)
    model = EncoderDecoder(shape).eval()
    read, written = tokens(4, length=20), tokens(5, length=9)
    states = model.hidden(written, source=read)
    changed = read.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 90
    assert (model.hidden(written, source=changed) != states).any(-1).all()
    later = written.clone()
    later[:, 5] = (later[:, 5] + 1) % 90
    assert (model.hidden(later, source=read) != states).any(-1).tolist() == [[n >= 5 for n in range(9)]] * 3
    memory = model.encoded(read)
    cache = KeyValueCache(shape, 3, 9, CPU, torch.float32)
    parts = [model.hidden(part, cache=cache, memory=memory) for part in written.split([4, 1, 4], 1)]
    assert torch.allclose(torch.cat(parts, 1), states, atol=1e-5)


def test_an_encoder_decoder_has_the_weights_it_counts_and_all_of_them_learn():
    model = make_model(T5)
    padding = (T5.padded_vocab_size - T5.vocab_size) * T5.width
    assert sum(parameter.numel() for parameter in model.parameters()) - padding == T5.n_parameters()
    loss = model(tokens(5, length=9), tokens(6, length=9), source=tokens(4))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(90), abs=0.5)
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in model.parameters())


def test_berts_head_transforms_and_adds_a_bias():
    shape = replace(SHAPE, architecture="encoder", norm_place="post", embedding_norm=True, head_transform=True)
    model = GPT(shape)
    with torch.no_grad():
        model.head_bias.normal_()
        model.transform.linear.bias.normal_()
    state = torch.randn(5, 32)
    bent = model.transform.norm(F.gelu(model.transform.linear(state), approximate="tanh"))
    assert torch.allclose(model.logits(state), bent @ model.embedding.weight[:90].T + model.head_bias[:90], atol=1e-5)
    state = model.hidden(tokens())
    losses = F.cross_entropy(model.logits(state).flatten(0, 1), tokens(3).flatten())
    assert model(tokens(), tokens(3)).item() == pytest.approx(losses.item(), abs=1e-5)


def test_a_soft_cap_bends_scores_and_their_gradient():
    hidden = (3 * torch.randn(20, 8, dtype=torch.float64)).requires_grad_()
    weight = torch.randn(16, 8, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(10, (20,))
    ours = chunked_cross_entropy(hidden, weight, targets, Scores(10, 5.0), chunk=7)
    theirs = F.cross_entropy(5 * torch.tanh(hidden @ weight[:10].T / 5), targets)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-12)
    assert token_cross_entropy(hidden, weight, targets, 10, 5.0).mean().item() == pytest.approx(theirs.item())
    for one, other in zip(*(torch.autograd.grad(loss, (hidden, weight)) for loss in (ours, theirs)), strict=True):
        assert torch.allclose(one, other, atol=1e-12)
    assert soft_capped(torch.tensor([0.0, 1e9]), 5.0).tolist() == [0.0, 5.0]


def test_value_embeddings_are_added_to_the_values_of_the_first_and_last_layers():
    shape = replace(SHAPE, layers=5, value_embeddings=2)
    model = GPT(shape)
    assert [hasattr(block.attention, "value_shares") for block in model.blocks] == [True, True, False, True, True]
    first, second, none, third, fourth = model._values(tokens())
    assert none is None and first is third and second is fourth and first.shape == (3, 24, 4, 8)
    with torch.no_grad():
        for block in model.blocks[:2]:
            block.attention.value_shares[:] = torch.tensor([1.0, 0.0])
        for block in model.blocks[3:]:
            block.attention.value_shares[:] = torch.tensor([1.0, 0.0])
    plain = GPT(replace(shape, value_embeddings=0))
    assert torch.allclose(model.hidden(tokens()), plain.hidden(tokens()), atol=1e-6)


def test_a_model_of_zero_projections_passes_its_tokens_through():
    model = GPT(replace(SHAPE, zero_init=True))
    assert torch.equal(
        model.hidden(tokens()), model.final_norm(model._embed(tokens(), model.embedding.weight, 0, None))
    )
