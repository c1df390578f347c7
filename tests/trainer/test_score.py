"""Scoring: rules by hand, likelihoods by brute force, every token of a text once, and the command on a real run."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from run_folders import SHAPES, SMALL, logits_of, random_model, small_tokenizer, write_run

from corpus.tokenizer.encoding import tokenizer_from
from corpus.tokenizer.models import END_OF_TEXT, byte_characters, gpt2_model
from trainer.evaluation.likelihood import Scorer, encode_pair, rolling_windows
from trainer.evaluation.measures import normal
from trainer.evaluation.scoring import RULES, Evidence, Judge, choose, judge_choices, score_task, score_text
from trainer.evaluation.tasks import TASKS, Item, TaskError
from trainer.evaluation.written import RULES as WRITTEN
from trainer.make_items import main as make_items
from trainer.model.generate import Sampling, generate
from trainer.model.gpt import GPT
from trainer.model.shape import Shape
from trainer.run.runs import model_of, open_run
from trainer.score import main

VOCAB, LENGTH = SMALL["vocab_size"], SMALL["sequence_length"]


def bytes_tokenizer():
    """One id a byte, in the order of GPT-2's characters, and the end of text last: 257 ids, no merges."""
    letters = sorted(byte_characters())
    return tokenizer_from(
        "gpt2", gpt2_model({token: number for number, token in enumerate([*letters, END_OF_TEXT])}, [])
    )


def bigram_model(tokenizer, chances):
    """A real GPT that gives token b after token a the probability `chances[a, b]`, written into its weights.

    Its blocks add nothing, its embedding is one-hot, and RMSNorm makes of that √width at one place.
    """
    size = tokenizer.vocab_size
    shape = Shape(
        1,
        1,
        258,
        128,
        size,
        norm="rms",
        position="rotary",
        activation="swiglu",
        bias=False,
        tied=False,
        norm_epsilon=1e-12,
    )
    model = GPT(shape).double().eval()
    with torch.no_grad():
        for name in ("attention.out", "feed.down"):
            model.get_parameter(f"blocks.0.{name}.weight").zero_()
        model.embedding.weight[:size, :size] = torch.eye(size)
        model.embedding.weight[:, size:] = 0
        model.head.weight[:size, :size] = torch.from_numpy(np.log(chances).T) / math.sqrt(258)
        model.head.weight[:, size:] = 0
    return model


@pytest.fixture(scope="module")
def bigrams():
    """(tokenizer, log-probabilities [257, 257], judge): random bigrams of bytes, known exactly."""
    tokenizer = bytes_tokenizer()
    chances = np.random.default_rng(5).dirichlet(np.full(257, 0.5), size=257) + 1e-6
    chances /= chances.sum(-1, keepdims=True)
    return tokenizer, np.log(chances), Judge(Scorer(bigram_model(tokenizer, chances)), tokenizer)


def by_hand(tokenizer, table, text, context):
    """The sum of log-probabilities of the bytes of `text`, of which the first follows the last byte of `context`."""
    ids = (
        tokenizer.encode(context[-1:] + text).tolist() if context else [tokenizer.end_of_text, *tokenizer.encode(text)]
    )
    return sum(table[a, b] for a, b in pairwise(ids))


def test_each_rule_takes_another_choice_in_an_example_by_hand():
    choices = [
        Evidence(-4.0, 2, 5, 5, -3.0),  # sum: -4 is the greatest; tokens -2, characters -.8, bytes -.8, gain -1
        Evidence(-4.5, 9, 5, 5, -4.0),  # tokens: -.5 is; characters -.9, bytes -.9, gain -.5
        Evidence(-5.0, 5, 10, 10, -4.2),  # characters: -.5 is; bytes -.5, gain -.8
        Evidence(-6.0, 6, 6, 18, -5.4),  # bytes: -.33 is; characters -1, gain -.6
        Evidence(-9.0, 6, 6, 6, -9.5),  # without context it was less likely: gain +.5
    ]
    assert {rule: choose(choices, rule) for rule in RULES} == {
        "sum": 0,
        "tokens": 1,
        "characters": 2,
        "bytes": 3,
        "unconditional": 4,
    }
    assert choose([choices[0]] * 3, "sum") == 0


def test_the_evidence_of_a_three_choice_question_is_that_of_the_table(bigrams):
    tokenizer, table, judge = bigrams
    item = Item(("Question: wet?\nAnswer:",), ("rain", "é", "fire and ash"), 1)
    (evidence,) = judge_choices(judge, TASKS["arc-easy"], [item], [""])
    for choice, ending in zip(evidence, item.endings, strict=True):
        assert (choice.n_tokens, choice.n_chars, choice.n_bytes) == (
            1 + len(ending.encode()),
            len(ending),
            len(ending.encode()),
        )
        assert choice.total == pytest.approx(by_hand(tokenizer, table, f" {ending}", "Answer:"), abs=1e-5)
        assert choice.unconditional == pytest.approx(choice.total, abs=1e-5)  # after "Answer:" a bigram sees ":" too
    (plain,) = judge_choices(judge, TASKS["piqa"], [item], [""])
    for choice, ending in zip(plain, item.endings, strict=True):
        assert choice.unconditional == pytest.approx(by_hand(tokenizer, table, f" {ending}", ""), abs=1e-5)


def test_a_partial_evaluation_scores_the_tail_after_either_context(bigrams):
    tokenizer, table, judge = bigrams
    items = [Item(("The cup", "The ball"), ("is full.",), 0), Item(("It", "Ice"), ("is cold.",), 1)]
    expected = [
        [by_hand(tokenizer, table, f" {item.endings[0]}", context) for context in item.contexts] for item in items
    ]
    evidence = judge_choices(judge, TASKS["winograd"], items, ["", ""])
    assert [[choice.total for choice in row] for row in evidence] == [pytest.approx(row, abs=1e-5) for row in expected]
    result = score_task(judge, TASKS["winograd"], items)
    assert result["accuracy"] == np.mean(
        [int(np.argmax(row)) == item.gold for row, item in zip(expected, items, strict=True)]
    )
    assert result["rules"] == {"sum": result["accuracy"]} and result["chance"] == 0.5


def test_lambada_is_right_where_every_token_of_the_word_is_the_likeliest(bigrams):
    tokenizer, _, judge = bigrams
    model = judge.scorer.model
    # The likeliest continuation of " " and of what follows, so that the model's own word is right and no other is.
    text, blank = "the quick brown", tokenizer.encode(" ").tolist()
    (sample,) = generate(model, [tokenizer.encode(text).tolist() + blank], 3, Sampling(temperature=0))
    likeliest = int(logits_of(model, torch.tensor([tokenizer.encode(text).tolist()]))[0, -1].argmax())
    own, blank_is_likeliest = tokenizer.decode_bytes(sample.tokens), likeliest == blank[0]
    assert not blank_is_likeliest
    requests = [
        (tuple(tokenizer.encode(text + " ").tolist()), sample.tokens),
        (tuple(tokenizer.encode(text).tolist()), (*blank, *sample.tokens)),
        (tuple(tokenizer.encode(text + " ").tolist()), (*sample.tokens[:2], (sample.tokens[2] + 1) % 256)),
    ]
    assert [score.greedy for score in judge.scorer.score(requests)] == [True, False, False], own


def test_lambada_perplexity_is_of_the_whole_word(bigrams):
    tokenizer, table, judge = bigrams
    items = [Item(("to her friend",), ("Bob",)), Item(("in the",), ("sea",))]
    result = score_task(judge, TASKS["lambada"], items)
    totals = [by_hand(tokenizer, table, f" {item.endings[0]}", item.contexts[0]) for item in items]
    assert result["perplexity"] == pytest.approx(math.exp(-np.mean(totals)), rel=1e-5)
    assert result["rule"] == "greedy" and result["accuracy"] == 0.0


def test_the_examples_stand_before_the_item(bigrams):
    """With K examples the context is longer, and for bigrams only its last byte counts: the scores stay."""
    _, _, judge = bigrams
    items = [Item((f"Q{number}:",), ("a", "b"), number % 2) for number in range(6)]
    seen = []
    scorer = judge.scorer
    plain = judge_choices(judge, TASKS["choice"], items, [""] * 6)
    shown = judge_choices(judge, TASKS["choice"], items, ["Q9: a\n\n"] * 6)
    assert [c.total for row in plain for c in row] == pytest.approx([c.total for row in shown for c in row], abs=1e-5)
    request = judge.request("Q9: a\n\nQ1:", "b")
    seen.append(judge.tokenizer.decode(list(request[0])) + "|" + judge.tokenizer.decode(list(request[1])))
    assert seen == ["Q9: a\n\nQ1:| b"] and scorer.model.shape.vocab_size == 257
    assert score_task(judge, TASKS["choice"], items, shots=3)["shots"] == 3
    with pytest.raises(TaskError, match="6 examples asked for"):
        score_task(judge, TASKS["choice"], items, shots=6)
    assert score_task(judge, TASKS["choice"], items, shots=6, examples=items)["items"] == 6


def test_answers_are_generated_and_compared_without_case_points_and_articles(bigrams):
    tokenizer, _, judge = bigrams
    assert normal("The  Lord of the Rings!") == "lord of rings" == normal("lord (of) RINGS")
    context = tokenizer.encode("Answer:").tolist()
    (sample,) = generate(judge.scorer.model, [context], 24, Sampling(temperature=0), end_of_text=tokenizer.end_of_text)
    line = tokenizer.decode(sample.tokens).strip().split("\n")[0]
    items = [Item(("Answer:",), (line.upper(), "x")), Item(("Answer:",), ("never this",))]
    result = score_task(judge, TASKS["triviaqa"], items)
    assert (result["accuracy"], result["cut_prompts"], result["rule"]) == (0.5, 0, "match")


@pytest.mark.parametrize(("name", "length"), [("choice", 127), ("lambada", 126), ("triviaqa", 104)])
def test_prompts_that_do_not_fit_are_counted(bigrams, name, length):
    """128 tokens fit before the last of the ending, behind a blank; 104 where an answer of 24 follows."""
    judge = bigrams[2]
    endings = {"choice": ("a", "b"), "lambada": ("ab",), "triviaqa": ("a",)}[name]
    items = [Item(("x" * size,), endings) for size in (length - 1, length, length + 1, 300)]
    assert score_task(judge, TASKS[name], items)["cut_prompts"] == 2


@pytest.mark.parametrize("name", ["gpt2", "gpt3", "llama"])
@pytest.mark.parametrize("batch_tokens", [1, 100, 10_000])
def test_likelihoods_are_those_of_one_request_at_a_time(name, batch_tokens):
    model = random_model(SHAPES[name])
    rng = np.random.default_rng(1)
    requests = []
    for _ in range(25):
        sizes = rng.integers(1, (LENGTH, 6))
        requests.append(tuple(tuple(rng.integers(0, VOCAB, size).tolist()) for size in sizes))
    requests += requests[:3]
    for (context, ending), score in zip(requests, Scorer(model, batch_tokens).score(requests), strict=True):
        tokens = [*context, *ending][-LENGTH - 1 :]
        scores = torch.log_softmax(logits_of(model, torch.tensor([tokens[:-1]]))[0], -1)[-len(ending) :]
        assert score.n_tokens == len(ending)
        assert score.total == pytest.approx(float(scores[range(len(ending)), list(ending)].sum()), abs=1e-4)
        assert score.cut == (len(context) + len(ending) > LENGTH + 1)
        assert score.greedy == (scores.argmax(-1).tolist() == list(ending))


def test_an_ending_longer_than_the_context_is_scored_in_pieces():
    model = random_model(SHAPES["gpt2"])
    tokens = np.random.default_rng(3).integers(0, VOCAB, 3 + 2 * LENGTH + 5).tolist()
    (score,) = Scorer(model).score([(tuple(tokens[:3]), tuple(tokens[3:]))])
    total = 0.0
    for first, end in ((3, 27), (27, 51), (51, 56)):
        begin = max(0, end - 1 - LENGTH)
        logs = torch.log_softmax(logits_of(model, torch.tensor([tokens[begin : end - 1]]))[0].double(), -1)
        total += sum(float(logs[place - begin - 1, tokens[place]]) for place in range(first, end))
    assert score.n_tokens == 53 and score.total == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize(
    ("context", "ending", "cut"),
    [
        ("the words", " again", " again"),
        ("the words ", "again", " again"),
        ("", " again", " again"),
        ("the w", "ords", None),
    ],
)
def test_the_pair_is_encoded_together_and_blanks_go_to_the_ending(context, ending, cut, tmp_path):
    tokenizer = small_tokenizer(tmp_path)
    one, other = encode_pair(lambda text: tokenizer.encode(text).tolist(), context, ending, tokenizer.end_of_text)
    whole = tokenizer.encode(context + ending).tolist()
    assert [*one, *other] == whole if context else one == (tokenizer.end_of_text,) and list(other) == whole
    if cut is not None:
        assert tokenizer.decode(list(other)) == cut
    with pytest.raises(TaskError, match="no token of its own"):
        encode_pair(lambda text: tokenizer.encode(text).tolist(), "words", "", tokenizer.end_of_text)


@pytest.mark.parametrize("length", [1, 2, 7, 24])
@pytest.mark.parametrize("overlap", [1, 2, 7, 24])
def test_rolling_windows_score_each_token_exactly_once(length, overlap):
    if overlap > length:
        with pytest.raises(TaskError, match=f"an overlap of {overlap}"):
            rolling_windows(5, length, overlap)
        return
    for n_tokens in range(60):
        windows = rolling_windows(n_tokens, length, overlap)
        scored = [place for _, first, end in windows for place in range(first, end)]
        assert scored == list(range(n_tokens))
        for number, (begin, first, end) in enumerate(windows):
            assert 0 < end - begin <= length and begin <= first
            # Token p of the text is predicted from the stream's places begin … p.
            assert number == 0 or first - begin + 1 >= min(overlap, length)
            assert begin == 0 or end - begin == length


@pytest.mark.parametrize("overlap", [1, 9])
def test_rolling_scores_are_those_of_each_window_by_itself(overlap):
    model = random_model(SHAPES["gpt2"])
    tokens = np.random.default_rng(2).integers(0, VOCAB, 83).tolist()
    scores = Scorer(model, batch_tokens=3 * LENGTH).rolling(tokens, prefix=VOCAB - 1, overlap=overlap)
    assert len(scores) == 83 and bool(scores.isfinite().all())
    stream = [VOCAB - 1, *tokens]
    for begin, first, end in rolling_windows(83, LENGTH, overlap):
        expected = torch.log_softmax(logits_of(model, torch.tensor([stream[begin:end]]))[0].double(), -1)
        for place in range(first, end):
            assert float(scores[place]) == pytest.approx(float(expected[place - begin, tokens[place]]), abs=1e-5)


def test_bits_per_byte_of_a_bigram_model_are_those_of_its_table(bigrams):
    tokenizer, table, judge = bigrams
    texts = ["Some words, and é.", "x" * 300]
    result = score_text(judge, texts)
    total = sum(by_hand(tokenizer, table, text, "") for text in texts)
    n_bytes = sum(len(text.encode()) for text in texts)
    assert result["n_bytes"] == result["n_tokens"] == n_bytes and result["rule"] == "rolling"
    assert result["bits_per_byte"] == pytest.approx(-total / math.log(2) / n_bytes, rel=1e-5)
    assert result["perplexity"] == pytest.approx(math.exp(-total / n_bytes), rel=1e-5)
    assert result["nats"] == pytest.approx(-total, rel=1e-5) and result["n_words"] == 5
    with pytest.raises(TaskError, match="no text"):
        score_text(judge, [""])


def test_written_answers_count_by_every_measure_and_in_parts(tmp_path):
    """A model that writes "b" after everything and then ends: half of the items want that."""
    tokenizer = bytes_tokenizer()
    chances = np.full((tokenizer.vocab_size,) * 2, 1e-9)
    b, end = tokenizer.encode("b")[0], tokenizer.end_of_text
    chances[:, b] = 1
    chances[b] = 1e-9
    chances[b, end] = 1
    judge = Judge(Scorer(bigram_model(tokenizer, chances / chances.sum(1, keepdims=True))), tokenizer)
    items = [Item(("q",), ("b",), contaminated=n < 2) for n in range(4)]
    items += [Item(("q",), ("b c",), contaminated=False) for _ in range(4)]
    result = score_task(judge, TASKS["answer"], items)
    # Against "b c" the one word has F1 ⅔, and BLEU's sums are short of pairs.
    assert result["accuracy"] == 0.5 and result["rules"]["f1"] == pytest.approx(5 / 6)
    assert result["rules"]["rouge1"] == pytest.approx(5 / 6) and set(result["rules"]) == set(WRITTEN)
    assert result["standard_error"] == pytest.approx(math.sqrt(0.25 / 7))
    low, high = result["interval"]
    assert 0 < low < 0.5 < high < 1
    assert result["contaminated"] == {"items": 2, "score": 1.0, "interval": [1.0, 1.0]}
    assert result["clean"]["items"] == 6 and result["clean"]["score"] == pytest.approx(1 / 3)
    by_beams = score_task(Judge(judge.scorer, tokenizer, beams=4), TASKS["reading"], items)
    assert by_beams["rule"] == "f1" and by_beams["accuracy"] == pytest.approx(5 / 6)
    with pytest.raises(TaskError, match="answers of summary have 100 tokens"):
        short = GPT(Shape(1, 1, 8, 50, tokenizer.vocab_size))
        score_task(Judge(Scorer(short), tokenizer), TASKS["summary"], items)


def test_several_shots_descriptions_and_overlaps_in_one_call(tmp_path, capsys):
    tokenizer = small_tokenizer(tmp_path / "runs" / "tokenizer")
    shape = Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size, "sequence_length": 96})
    run = write_run(tmp_path / "runs" / "name", random_model(shape), tokenizer, data=tmp_path / "runs" / "shards")
    items, overlaps = tmp_path / "sums.jsonl", tmp_path / "overlaps.jsonl"
    assert make_items(["arithmetic", "--kind", "2d+", "--count", "9", "--output", str(items)]) == 0
    overlaps.write_text('{"item": 0}\n{"item": 5}\n')
    command = [str(run), "--task", f"arithmetic={items}", "--shots", "0,1,2", "--overlaps", f"arithmetic={overlaps}"]
    assert main([*command, "--description", "arithmetic=Add the numbers."]) == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out.split("\n", 1)[1])["tasks"]["arithmetic"]
    assert set(found["by_shots"]) == {"0", "1", "2"} and found["description"] == "Add the numbers."
    assert [each["shots"] for each in found["by_shots"].values()] == [0, 1, 2]
    assert found["by_shots"]["2"]["contaminated"]["items"] == 2 and found["by_shots"]["2"]["clean"]["items"] == 7
    assert captured.err.count("arithmetic") >= 3
    for wrong, words in (
        (["--overlaps", f"piqa={overlaps}"], "--overlaps piqa=…: there is no --task piqa"),
        (["--description", "piqa=x"], "--description piqa=…: there is no --task piqa"),
        (["--description", "piqa"], "write NAME=TEXT"),
    ):
        assert main([*command, *wrong]) == 2
        assert words in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*command, "--shots", "1,x"])


def test_items_are_made_by_a_command_that_says_what_is_wrong(tmp_path, capsys):
    text, output = tmp_path / "text.txt", tmp_path / "words.jsonl"
    text.write_text("weavers weave wefts and warps; weavers rest")
    command = ["scramble", "--kind", "reversed", "--output", str(output)]
    assert make_items([*command, "--words", str(text)]) == 0
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert {"context": "sreva" + "ew =", "answer": "weavers"} in rows and len(rows) == 4
    for wrong, code, words in (
        ([*command, "--words", str(text)], 2, "is there already"),
        ([*command[:-1], str(tmp_path / "new")], 2, "give --words FILE"),
        (["arithmetic", "--kind", "reversed", "--output", str(tmp_path / "new")], 2, "is none of arithmetic"),
        ([*command[:-1], str(tmp_path / "new"), "--words", str(tmp_path / "none")], 3, "cannot be read"),
    ):
        assert make_items(wrong) == code
        assert words in capsys.readouterr().err


def test_the_command_writes_json_that_names_the_rule(tmp_path, capsys):
    tokenizer = small_tokenizer(tmp_path / "runs" / "tokenizer")
    shape = Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size, "sequence_length": 96})
    run = write_run(tmp_path / "runs" / "name", random_model(shape), tokenizer, data=tmp_path / "runs" / "shards")
    rows = [
        {"query": f"Question: {n}?", "choices": ["right answer", "wrong", "again"], "gold": n % 3} for n in range(7)
    ]
    items, text = tmp_path / "items.jsonl", tmp_path / "text.jsonl"
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text.write_text('{"text": "the same words again"}\n{"text": "and the right answer"}\n')
    output = tmp_path / "scores" / "scores.json"
    command = [str(run), "--task", f"arc-easy={items}", "--task", f"choice={items}", "--perplexity", f"words={text}"]
    assert main([*command, "--shots", "2", "--output", str(output), "--limit", "6"]) == 0
    scores = json.loads(output.read_text())
    assert scores["step"] == 7 and scores["tokenizer"] == tokenizer.digest
    first, second = scores["tasks"]["arc-easy"], scores["tasks"]["choice"]
    assert (first["rule"], second["rule"]) == ("unconditional", "tokens") and first["answer_context"] == "Answer:"
    assert first["accuracy"] == first["rules"]["unconditional"] and set(first["rules"]) == set(RULES)
    assert first["items"] == 6 and first["shots"] == 2 and first["examples"] == "the other items"
    assert first["chance"] == pytest.approx(1 / 3)
    assert scores["tasks"]["words"]["texts"] == 2
    assert main([*command, "--shots", "2", "--limit", "6"]) == 0
    assert json.loads(capsys.readouterr().out) == scores

    for wrong, code, words in (
        (["--task", "choice"], 2, "write NAME=FILE"),
        (["--task", f"sums={items}"], 2, "no task is called 'sums'"),
        (["--task", f"choice={items}", "--task", f"choice={text}"], 2, "given twice"),
        (["--task", f"choice={items}", "--perplexity", f"choice={text}"], 2, "choose another"),
        (["--task", f"choice={items}", "--examples", f"piqa={items}"], 2, "there is no --task piqa"),
        (["--task", f"choice={items}", "--output", str(items)], 2, "holds no scores"),
        (["--task", f"choice={tmp_path}/none"], 3, "none: cannot be read"),
        (["--task", f"rte={items}"], 3, "no item of rte"),
        ([], 2, "nothing to score"),
    ):
        assert main([str(run), *wrong]) == code
        assert words in capsys.readouterr().err
    assert items.read_text().startswith('{"query"')
    alone = write_run(tmp_path / "alone", random_model(shape), end_of_text=0)
    assert main([str(alone), "--task", f"choice={items}"]) == 2
    assert "give --tokenizer" in capsys.readouterr().err


@pytest.fixture
def worded(tmp_path):
    """A run with a tokenizer, and a writer of files of JSON lines."""
    tokenizer = small_tokenizer(tmp_path / "run" / "tokenizer")
    shape = Shape(**{**SMALL, "vocab_size": tokenizer.vocab_size})

    def write(name, *rows):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write_run(tmp_path / "run", random_model(shape), tokenizer), write


GOOD = {"query": "Question: same?", "choices": ["right", "wrong"], "gold": 0}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"text": "words"}, {"text": None}], "bad.jsonl:2: no text"),
        ([{"text": "words"}, {"content": "words", "id": 3}], "bad.jsonl:2: no text: a line is a string or"),
        ([["words"]], "bad.jsonl:1: no text"),
        ([7], "bad.jsonl:1: no text"),
        ([], "bad.jsonl: no texts"),
        (["\ud800"], "cannot be encoded"),
    ],
)
def test_a_text_that_is_none_is_named_and_the_other_tasks_are_scored(worded, rows, words, tmp_path, capsys):
    run, write = worded
    good, bad, output = write("good", GOOD, GOOD), write("bad", *rows), tmp_path / "scores.json"
    command = [str(run), "--task", f"choice={good}", "--perplexity", f"texts={bad}", "--output", str(output)]
    assert main(command) == 3
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said
    tasks = json.loads(output.read_text())["tasks"]
    assert tasks["choice"]["items"] == 2 and words in tasks["texts"]["error"]


@pytest.mark.parametrize(
    "row",
    [
        {"query": None, "choices": ["a", "b"], "gold": 0},
        {"query": "a", "choices": ["a", 7], "gold": 0},
        {"query": "a", "choices": ["a", "b"], "gold": 2},
        {"query": "a", "choices": "ab", "gold": "one"},
    ],
)
def test_an_item_that_is_none_is_named_and_the_other_tasks_are_scored(worded, row, capsys):
    run, write = worded
    files = write("good", GOOD, GOOD), write("bad", GOOD, row)
    assert main([str(run), "--task", f"piqa={files[1]}", "--task", f"choice={files[0]}"]) == 3
    printed = capsys.readouterr()
    assert "bad.jsonl:2:" in printed.err
    assert json.loads(printed.out)["tasks"]["choice"]["items"] == 2


def test_a_word_that_is_too_unlikely_for_a_perplexity_has_its_nats(worded, capsys):
    run, write = worded
    file = write("words", {"context": "the same", "continuation": "wrong answer " * 400})
    assert main([str(run), "--task", f"word={file}"]) == 0
    found = json.loads(capsys.readouterr().out)["tasks"]["word"]
    assert found["perplexity"] is None and found["nats"] > 710 and found["accuracy"] == 0


def test_scores_are_not_written_over_another_file(worded, tmp_path, capsys):
    run, write = worded
    file, output = write("good", GOOD, GOOD), tmp_path / "scores.json"
    for _ in range(2):
        assert main([str(run), "--task", f"choice={file}", "--output", str(output)]) == 0
    kept = (run / "config.json").read_text()
    assert main([str(run), "--task", f"choice={file}", "--output", str(run / "config.json")]) == 2
    assert "holds no scores" in capsys.readouterr().err and (run / "config.json").read_text() == kept


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_logits_are_float32_whatever_the_products_are(worded, dtype, capsys):
    run, write = worded
    file = write("good", GOOD, GOOD)
    assert main([str(run), "--task", f"choice={file}", "--dtype", dtype]) == 0
    assert json.loads(capsys.readouterr().out)["dtype"] == dtype
    model = model_of(open_run(run), "cpu", dtype)
    hidden = model.hidden(torch.tensor([[1, 2, 3]]))
    assert hidden.dtype == getattr(torch, dtype) and model.logits(hidden).dtype == torch.float32
    exact = hidden.double() @ model.embedding.weight[: model.shape.vocab_size].double().T
    torch.testing.assert_close(model.logits(hidden).double(), exact, rtol=1e-5, atol=1e-5)
