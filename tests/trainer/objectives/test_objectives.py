"""The objectives against hand calculation: what is hidden, what is asked for, and that chance is a function."""

import itertools
import math

import numpy as np
import pytest
import torch

from trainer.model.loss import IGNORED
from trainer.objectives.blanks import Blanks, poisson_table, sentence_spans, short_spans
from trainer.objectives.chance import composition, hashes, least_places, sample_keys, uniforms
from trainer.objectives.masked import Masked
from trainer.objectives.objective import ObjectiveError, TextVocabulary
from trainer.objectives.spans import Spans, sentinel_names, span_counts, taken_out

N_IDS, END = 100, 99
MASK = TextVocabulary(N_IDS, END, (100,))
SENTINELS = TextVocabulary(N_IDS, END, tuple(range(100, 120)))
ENDS = np.arange(N_IDS) % 10 == 7
GLM = TextVocabulary(N_IDS, END, (100, 101, 102, 103, 104), ENDS)
SHARES = (0.15, 3.0)


def windows(n, length, seed=0):
    return np.random.default_rng(seed).integers(0, END, (n, length + 1)).astype(np.int32)


def written(objective, rows, first=0):
    out = np.full((len(rows), objective.columns), -7, np.int32)
    objective.write(rows, np.arange(first, first + len(rows)), out)
    return out


OBJECTIVES = {
    "masked": Masked(64, MASK, 0.15, seed=3),
    "spans": Spans(64, SENTINELS, SHARES, seed=3, joined=False),
    "prefix": Spans(64, SENTINELS, SHARES, seed=3, joined=True),
    "blanks": Blanks(64, GLM, SHARES, (0.4, 0.3, 0.3), seed=3),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_row_depends_on_its_sample_and_the_seed_alone(name):
    """Cut into any batches, read in any order, on any process: the same rows."""
    objective, rows = OBJECTIVES[name], windows(24, 64)
    whole = written(objective, rows, first=1000)
    assert (whole != -7).all()
    parts = [written(objective, rows[at : at + 5], first=1000 + at) for at in (20, 0, 10, 15, 5)]
    assert np.array_equal(np.concatenate([parts[number] for number in (1, 4, 2, 3, 0)]), whole)
    assert not np.array_equal(written(objective, rows, first=1001), whole)
    other = type(objective).__new__(type(objective))
    other.__dict__.update(objective.__dict__, seed=4)
    assert not np.array_equal(written(other, rows, first=1000), whole)


def test_the_first_hidden_rows_never_change_in_silence():
    keys = sample_keys(0, "masked", np.array([0, 1]))
    assert hashes(keys, 2).tolist() == GOLDEN
    assert uniforms(keys, 1).tolist() == [[GOLDEN[0][0] // 2**11 / 2**53], [GOLDEN[1][0] // 2**11 / 2**53]]


GOLDEN = [[11955315363416269872, 17988675677639086805], [18096910429382245084, 11926984050296813393]]


def test_a_composition_cuts_at_the_least_hashes():
    values = np.array([[5, 1, 9, 2]], np.uint64)
    assert least_places(values, 2).tolist() == [[1, 3]]
    # Five units, cut behind the second and behind the fourth.
    assert composition(values, 3).tolist() == [[2, 2, 1]]
    assert composition(np.empty((2, 0), np.uint64), 1).tolist() == [[1], [1]]
    many = composition(hashes(sample_keys(1, "test", np.arange(30_000)), 4), 3)
    assert (many.sum(1) == 5).all() and (many >= 1).all()
    ways, counts = np.unique(many, axis=0, return_counts=True)
    assert len(ways) == 6 and np.allclose(counts / 30_000, 1 / 6, atol=0.01)


def test_masks_hide_fifteen_in_a_hundred_eight_in_ten_by_the_mask():
    objective = Masked(128, MASK, 0.15, seed=0)
    rows = windows(2000, 128)
    rows[:, 5] = END
    inputs = objective.read(torch.from_numpy(written(objective, rows)))
    true, asked = torch.from_numpy(rows[:, :128].astype(np.int64)), inputs.targets != IGNORED
    assert (asked.sum(1) == 19).all() and not asked[:, 5].any()
    assert torch.equal(inputs.targets[asked], true[asked])
    assert torch.equal(inputs.tokens[~asked], true[~asked])
    hidden = inputs.tokens[asked]
    shares = [float((hidden == 100).double().mean()), float((hidden == true[asked]).double().mean())]
    # One in ten stays, and of the one in ten that is random a hundredth happens to be the token itself.
    assert shares == pytest.approx([0.8, 0.1 + 0.1 / N_IDS], abs=0.01)
    random = hidden[(hidden != 100) & (hidden != true[asked])]
    assert random.min() >= 0 and random.max() < N_IDS and random.unique().numel() == N_IDS
    places = asked.double().mean(0)
    assert places[torch.arange(128) != 5].sub(19 / 127).abs().max() < 0.035


def test_a_row_of_ends_of_text_asks_for_less():
    objective = Masked(20, MASK, 0.5, seed=0)
    rows = np.full((1, 21), END, np.int32)
    rows[0, 7] = 3
    targets = objective.read(torch.from_numpy(written(objective, rows))).targets
    assert targets[0].tolist() == [IGNORED] * 7 + [3] + [IGNORED] * 12


@pytest.mark.parametrize(
    ("tokens", "counts"), [(568, (85, 28)), (512, (77, 26)), (64, (10, 3)), (8, (1, 1)), (4, (1, 1))]
)
def test_spans_are_as_many_as_in_t5(tokens, counts):
    assert span_counts(tokens, 0.15, 3.0) == counts


def test_spans_of_a_window_by_hand():
    """The example of the module: a b C D e f G H."""
    objective = Spans(8, SENTINELS, (0.5, 2.0), seed=0, joined=False)
    assert (objective.taken, objective.spans) == (4, 2)
    row = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9]], np.int32)
    for number in range(200):
        gone = taken_out(sample_keys(0, "spans", np.array([number])), 8, 4, 2)
        if gone[0].tolist() == [False, False, True, True, False, False, True, True]:
            break
    inputs = objective.read(torch.from_numpy(written(objective, row, first=number)))
    assert inputs.more["source"].tolist() == [[1, 2, 100, 5, 6, 101, END]]
    assert inputs.targets.tolist() == [[100, 3, 4, 101, 7, 8, END]]
    assert inputs.tokens.tolist() == [[END, 100, 3, 4, 101, 7, 8]]
    assert objective.counts(inputs.targets).tolist() == [[False, True, True, False, True, True, False]]


@pytest.mark.parametrize("joined", [False, True])
def test_spans_put_back_in_their_places_are_the_window(joined):
    objective, rows = Spans(64, SENTINELS, SHARES, seed=1, joined=joined), windows(200, 64)
    out = written(objective, rows)
    for row, line in zip(rows, out.tolist(), strict=True):
        source, target = line[: objective.read_length], line[objective.read_length :]
        assert source[-1] == target[-1] == END
        places = [at for at, token in enumerate(target[:-1]) if token >= 100] + [len(target) - 1]
        spans = {target[at]: target[at + 1 : end] for at, end in itertools.pairwise(places)}
        back = [part for token in source[:-1] for part in (spans[token] if token >= 100 else [token])]
        assert back == row[: objective.used].tolist()
    assert objective.used == (64 if not joined else 57)


def test_a_prefix_decoder_has_source_and_target_in_one_row():
    objective, rows = Spans(64, SENTINELS, SHARES, seed=1, joined=True), windows(3, 64)
    out, inputs = written(objective, rows), objective.read(torch.from_numpy(written(objective, rows)))
    length = objective.read_length
    assert inputs.tokens.shape == inputs.targets.shape == (3, objective.columns - 1)
    assert objective.columns - 1 <= 64 and inputs.more["prefix"].tolist() == [length] * 3
    assert inputs.tokens.tolist() == out[:, :-1].tolist()
    assert (inputs.targets[:, : length - 1] == IGNORED).all()
    assert inputs.targets[:, length - 1 :].tolist() == out[:, length:].tolist()
    # The last token of the prefix, the end of the source, is where the first sentinel is asked for.
    assert inputs.tokens[0, length - 1] == END and inputs.targets[0, length - 1] == 100


def test_where_spans_lie_is_spread_over_the_window():
    gone = taken_out(sample_keys(5, "spans", np.arange(20_000)), 64, 10, 3)
    assert (gone.sum(1) == 10).all() and gone[:, -1].all() and not gone[:, 0].any()
    starts = (gone[:, 1:] & ~gone[:, :-1]).sum(1)
    assert (starts == 3).all()
    assert gone[:, 5:50].mean(0).std() < 0.03


def test_blanks_of_a_window_by_hand():
    """The example of the module: a b [c] d [e f], the second span written first."""
    objective = Blanks(64, GLM, SHARES, (1, 0, 0), seed=0)
    out = np.zeros(4 * 64 + 1, np.int32)
    objective._lay_out(np.array([1, 2, 3, 4, 5, 6]), [(2, 1), (4, 2)], [1, 0], 100, out)
    tokens, targets, first, second = out[:-1].reshape(4, 64)[:, :10].tolist()
    assert out[-1] == 5
    assert tokens == [1, 2, 100, 4, 100, 103, 5, 6, 103, 3]
    assert targets[5:] == [5, 6, 104, 3, 104]
    assert first == [0, 1, 2, 3, 4, 4, 4, 4, 2, 2]
    assert second == [0, 0, 0, 0, 0, 1, 2, 3, 1, 2]


@pytest.mark.parametrize("kind", range(3))
def test_blanks_put_back_in_their_places_are_the_window(kind):
    kinds = [0.0] * 3
    kinds[kind] = 1.0
    objective, rows = Blanks(96, GLM, SHARES, kinds, seed=2), windows(200, 96)
    inputs = objective.read(torch.from_numpy(written(objective, rows)))
    covered = 0
    for number, row in enumerate(rows):
        prefix, tokens = int(inputs.more["prefix"][number]), inputs.tokens[number].tolist()
        targets, (first, second) = inputs.targets[number].tolist(), inputs.more["positions"][number].tolist()
        assert targets[:prefix] == [IGNORED] * prefix and second[:prefix] == [0] * prefix
        assert first[:prefix] == list(range(prefix))
        spans: dict[int, list[int]] = {}
        for at in range(prefix, len(tokens)):
            if targets[at] == IGNORED:
                assert tokens[at] == END and first[at] == second[at] == 0
            elif targets[at] != 104:
                spans.setdefault(first[at], []).append(targets[at])
                assert second[at] == len(spans[first[at]])
                assert tokens[at] == (103 if second[at] == 1 else targets[at - 1])
        assert all(tokens[place] == 100 + kind for place in spans)
        back = [part for at in range(prefix) for part in spans.get(at, [tokens[at]])]
        assert back == row[: objective.used].tolist()
        covered += sum(map(len, spans.values()))
    # Sentences are whole, so the last one goes beyond its share.
    least, most = [(0.14, 0.16), (0.15, 0.3), (0.73, 0.77)][kind]
    assert least < covered / (200 * objective.used) < most


def test_the_kinds_of_blanks_come_in_their_shares():
    objective = Blanks(64, GLM, SHARES, (0.5, 0.2, 0.3), seed=2)
    tokens = objective.read(torch.from_numpy(written(objective, windows(3000, 64)))).tokens
    shares = [float((tokens == mark).any(1).double().mean()) for mark in (100, 101, 102)]
    assert shares == pytest.approx([0.5, 0.2, 0.3], abs=0.03)


def test_short_spans_follow_poisson_and_never_meet_inside():
    table = poisson_table(3.0)
    assert table[:3].tolist() == pytest.approx([np.exp(-3), 4 * np.exp(-3), 8.5 * np.exp(-3)])
    # Draws of .1, .5 and .99 are lengths of 1, 3 and 8, of which only the rest of the budget is taken.
    draws, places = np.array([0.1, 0.5, 0.99]), np.array([0.9, 0.2, 0.8, 0.1, 0.7, 0.95, 0.3] + [0.99] * 20)
    spans = short_spans(draws, places, 12, 6, 5, table)
    # Nine slots: six tokens that stay and three spans, at the slots 1, 3 and 6.
    assert spans == [(1, 1), (3, 3), (8, 2)]
    assert short_spans(draws, places, 12, 6, 2, table) == [(1, 1), (3, 3)]


def test_sentences_are_taken_whole():
    ends = np.array([0, 0, 1, 0, 1, 0, 0, 0], bool)
    # The sentences are 0 … 2, 3 … 4 and the open 5 … 7; the second has the least draw, the third the next.
    assert sentence_spans(np.array([0.9, 0.1, 0.5]), ends, 2, 9) == [(3, 2)]
    assert sentence_spans(np.array([0.9, 0.1, 0.5]), ends, 3, 9) == [(3, 2), (5, 3)]
    assert sentence_spans(np.array([0.9, 0.1, 0.5]), ends, 99, 2) == [(3, 2), (5, 3)]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Masked(10, MASK, 0.01, 0), "hides 0"),
        (lambda: Spans(64, SENTINELS, (1.5, 3.0), 0, False), "mask_share=1.5"),
        (lambda: Spans(64, MASK, SHARES, 0, False), "3 spans need as many sentinels, and there are 1"),
        (lambda: Spans(4, SENTINELS, SHARES, 0, True), "no room for spans"),
        (lambda: Blanks(64, GLM, SHARES, (0.5, 0.5), 0), "give three shares"),
        (lambda: Blanks(64, GLM, SHARES, (math.nan, 0, 1), 0), "blank_shares=nan,0,1: give three shares"),
        (lambda: Blanks(64, GLM, SHARES, (math.inf, 0, 1), 0), "give three shares"),
        (lambda: Blanks(64, TextVocabulary(N_IDS, END, GLM.marks), SHARES, (0.5, 0.5, 0.0), 0), "where sentences end"),
        (lambda: Blanks(10, GLM, SHARES, (1, 0, 0), 0), "no room for blanks"),
    ],
)
def test_an_objective_that_cannot_be_is_refused(make, says):
    with pytest.raises(ObjectiveError, match=says):
        make()


def test_the_marks_are_named_as_in_the_papers_tokenizers():
    assert sentinel_names(64, 0.15, 3.0) == ("<extra_id_0>", "<extra_id_1>", "<extra_id_2>")
