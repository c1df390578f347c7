"""Generation: the cache changes nothing, the cuts are those of the definition, a seed is a sample."""

import numpy as np
import pytest
import torch
from run_folders import SHAPES, SMALL, logits_of, random_model

from trainer.model.generate import ROWS, Context, Sampling, draw, generate, probabilities
from trainer.model.shape import Shape

VOCAB, LENGTH = SMALL["vocab_size"], SMALL["sequence_length"]


def tokens_of(rows, length, seed=1):
    return torch.randint(VOCAB, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", SHAPES)
def test_the_cache_gives_the_logits_of_reading_everything_again(name):
    model = random_model(SHAPES[name])
    tokens = tokens_of(3, LENGTH)
    whole = logits_of(model, tokens)
    # A prompt, single tokens, a piece of several: every way in which a context grows.
    context, at = Context(model, 3), 0
    with torch.inference_mode():
        for size in (7, 1, 1, 6, 1, LENGTH - 16):
            step = context.read(tokens[:, at : at + size])
            at += size
            torch.testing.assert_close(step, whole[:, at - 1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "gpt3", "llama", "modern-banded"])
def test_a_context_longer_than_the_model_goes_on_with_its_newer_half(name):
    model = random_model(SHAPES[name])
    tokens = tokens_of(2, 3 * LENGTH)
    cached, plain = Context(model, 2), Context(model, 2, cached=False)
    with torch.inference_mode():
        for at in range(3 * LENGTH):
            step = cached.read(tokens[:, at : at + 1])
            torch.testing.assert_close(step, plain.read(tokens[:, at : at + 1]), rtol=0, atol=1e-5)
    # Halved at the 25th, 38th, 51st and 64th token, to 12 each time: the last context began at 64 - 12.
    expected = logits_of(model, tokens[:, 52:])[:, -1]
    torch.testing.assert_close(step, expected, rtol=0, atol=1e-5)


def test_a_prompt_longer_than_the_model_is_read_from_its_newer_half():
    model = random_model(SHAPES["gpt2"])
    tokens = tokens_of(1, LENGTH + 9)
    with torch.inference_mode():
        first = Context(model, 1).read(tokens)
    torch.testing.assert_close(first, logits_of(model, tokens[:, -LENGTH // 2 :])[:, -1], rtol=0, atol=1e-5)


def brute_force(logits, sampling):
    """Top-k and top-p by their definitions, one row at a time, in plain Python."""
    rows = []
    for row in logits.double().tolist():
        weights = np.exp((np.array(row) - max(row)) / sampling.temperature)
        shares = weights / weights.sum()
        order = sorted(range(len(shares)), key=lambda token: (-shares[token], token))
        if sampling.top_k:
            order = order[: sampling.top_k]
        total = sum(shares[token] for token in order)
        kept, mass = [], 0.0
        for token in order:
            kept.append(token)
            mass += shares[token] / total
            if mass >= sampling.top_p:
                break
        cut = np.zeros(len(shares))
        cut[kept] = shares[kept] / shares[kept].sum()
        rows.append(cut)
    return np.array(rows)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("top_k", [0, 1, 5, 60, 500])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.37, 1e-9])
def test_top_k_and_top_p_are_those_of_the_definition(temperature, top_k, top_p):
    sampling = Sampling(temperature, top_k, top_p)
    logits = torch.randn(20, VOCAB, generator=torch.Generator().manual_seed(3)) * 3
    np.testing.assert_allclose(probabilities(logits, sampling), brute_force(logits, sampling), atol=1e-12)


def test_equal_logits_leave_exactly_k_tokens_and_the_lowest_ids():
    shares = probabilities(torch.zeros(1, 10), Sampling(top_k=3))
    assert shares.nonzero()[:, 1].tolist() == [0, 1, 2]


def test_temperature_zero_takes_the_likeliest():
    logits = torch.tensor([[0.1, 2.0, 1.9], [5.0, -1.0, 4.0]])
    assert probabilities(logits, Sampling(temperature=0, top_k=2)).argmax(-1).tolist() == [1, 0]
    assert draw(probabilities(logits, Sampling(temperature=0)), torch.tensor([0.99, 0.0])).tolist() == [1, 0]


def test_draws_follow_the_distribution_and_never_leave_it():
    shares = torch.tensor([[0.0, 0.25, 0.0, 0.5, 0.25, 0.0]], dtype=torch.float64)
    uniform = torch.arange(0, 1, 1 / 1000, dtype=torch.float64)
    drawn = draw(shares.expand(1000, -1), uniform)
    assert torch.bincount(drawn, minlength=6).tolist() == [0, 250, 0, 500, 250, 0]
    edges = torch.tensor([0.0, 0.25, 0.75, 1 - 2**-53], dtype=torch.float64)
    assert draw(shares.expand(4, -1), edges).tolist() == [1, 3, 4, 4]


@pytest.mark.parametrize("bad", [{"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_impossible_cuts_are_refused(bad):
    with pytest.raises(ValueError, match=r"give|likeliest"):
        Sampling(**bad)


def test_a_seed_is_a_sample_whatever_is_drawn_beside_it():
    model = random_model(SHAPES["gpt2"])
    prompts = [[1, 2, 3], [4], [5, 6, 7], [1, 2, 3]]
    together = generate(model, prompts, 12, seed=5)
    assert together == generate(model, prompts, 12, seed=5)
    assert together[:2] == generate(model, prompts[:2], 12, seed=5)
    assert together[0] != together[3]
    assert together != generate(model, prompts, 12, seed=6)
    many = generate(model, [[4]] * (ROWS + 3), 4, seed=5)
    assert many[:2] == generate(model, [[4]] * 2, 4, seed=5) and len({sample.tokens for sample in many}) > ROWS // 2


def test_a_sample_is_what_its_distribution_and_its_seed_say():
    """The whole chain by hand: logits read afresh at each step, cut, and drawn by the sample's own numbers."""
    model, sampling = random_model(SHAPES["gpt3"]), Sampling(0.8, 20, 0.9)
    (sample,) = generate(model, [[3, 9]], 15, sampling, seed=11)
    uniform = np.random.Generator(np.random.Philox(key=[11, 0])).random(15)
    tokens = [3, 9]
    for number in uniform:
        shares = brute_force(logits_of(model, torch.tensor([tokens]))[:, -1], sampling)[0]
        tokens.append(int(np.searchsorted(np.cumsum(shares), number, side="right")))
    assert list(sample.tokens) == tokens[2:]


def test_it_stops_at_the_end_of_text_and_leaves_it_out():
    model = random_model(SHAPES["gpt2"])
    (free,) = generate(model, [[1, 2]], 20, seed=4)
    end = free.tokens[6]
    first = free.tokens.index(end)
    stopped, other = generate(model, [[1, 2], [1, 2]], 20, seed=4, end_of_text=end)
    assert stopped.finished and stopped.tokens == free.tokens[:first]
    assert end not in other.tokens and other.finished == (len(other.tokens) < 20)
    assert not free.finished and len(free.tokens) == 20


def test_ids_of_the_padding_are_never_drawn():
    """61 ids, 128 rows: rows made the likeliest by far still have no logits."""
    model = random_model(Shape(**{**SMALL, "tied": False}))
    with torch.no_grad():
        model.head.weight[VOCAB:] = model.final_norm.bias * 100
    assert logits_of(model, tokens_of(1, 4)).shape[-1] == VOCAB
    drawn = {token for sample in generate(model, [[1]] * 40, 20, Sampling(5.0)) for token in sample.tokens}
    assert len(drawn) > VOCAB // 2 and max(drawn) < VOCAB


def test_generation_leaves_a_model_in_training_as_it_was():
    model = random_model(Shape(**SMALL, dropout=0.5)).train()
    assert generate(model, [[1]], 10, seed=2) == generate(model, [[1]], 10, seed=2)
    assert model.training
    with pytest.raises(ValueError, match="at least one token"):
        generate(model, [[]], 3)
