"""Tasks from files: the fields of every published form, prompts letter by letter, errors with the line."""

import gzip
import json
from pathlib import Path

import pytest

from trainer.evaluation.item_files import read_items, read_overlaps
from trainer.evaluation.tasks import TASKS, Item, TaskError, join, prompt, task_named

DATA = Path(__file__).parents[4] / "shared" / "data" / "benchmarks"


def read(name, *rows, folder):
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_items(task_named(name), path)


FORMS = {
    "hellaswag, as published": (
        "hellaswag",
        {
            "activity_label": "Baking cookies",
            "ctx_a": "A woman stirs dough. [header] How to bake [title] Begin.",
            "ctx_b": "she",
            "endings": ["puts it  in [step] the oven.", "sings."],
            "label": "0",
        },
        Item(("Baking cookies: A woman stirs dough. How to bake. Begin. She",), ("puts it in the oven.", "sings.")),
    ),
    "hellaswag, with markers at the borders": (
        "hellaswag",
        {
            "activity_label": "Knot",
            "ctx_a": "[header] How to tie [step]",
            "ctx_b": "",
            "endings": ["[substeps] Pull it.", "[step] Pull [title] Cut it. [substeps]"],
            "label": 1,
        },
        Item(("Knot: How to tie ",), (" Pull it.", " Pull. Cut it. "), 1),
    ),
    "hellaswag, by letters": (
        "hellaswag",
        {"question": "A man sits. he", "choices": {"B": "stands.", "A": "sleeps."}, "answer": "B"},
        Item(("A man sits. he",), ("sleeps.", "stands."), 1),
    ),
    "piqa, as published": (
        "piqa",
        {"goal": "Boil an egg.", "sol1": "In water.", "sol2": "In sand.", "label": 0},
        Item(("Question: Boil an egg.\nAnswer:",), ("In water.", "In sand.")),
    ),
    "piqa, as a query": (
        "piqa",
        {"query": "Question: Boil an egg.\n", "choices": ["In sand.", "In water."], "gold": 1},
        Item(("Question: Boil an egg.\nAnswer:",), ("In sand.", "In water."), 1),
    ),
    "arc, as published": (
        "arc-easy",
        {
            "question": {
                "stem": "What is wet?",
                "choices": [{"text": "fire", "label": "1"}, {"text": "rain", "label": "2"}],
            },
            "answerKey": "2",
        },
        Item(("Question: What is wet?\nAnswer:",), ("fire", "rain"), 1),
    ),
    "arc, as columns": (
        "arc-challenge",
        {"question": "What is wet?", "choices": {"text": ["fire", "rain"], "label": ["A", "B"]}, "answerKey": "B"},
        Item(("Question: What is wet?\nAnswer:",), ("fire", "rain"), 1),
    ),
    "openbookqa, as published": (
        "openbookqa",
        {
            "question": {
                "stem": "Fog forms over",
                "choices": [{"text": "a marsh", "label": "A"}, {"text": "sand", "label": "B"}],
            },
            "answerKey": "A",
        },
        Item(("Fog forms over",), ("a marsh", "sand")),
    ),
    "boolq, as published": (
        "boolq",
        {"passage": "Rain is wet.", "question": "is rain wet", "answer": True},
        Item(("Passage: Rain is wet.\nQuestion: is rain wet?\nAnswer:",), ("no", "yes"), 1),
    ),
    "winogrande, as published": (
        "winogrande",
        {"sentence": "Ann thanked Eve because _ had helped.", "option1": "Ann", "option2": "Eve", "answer": "2"},
        Item(("Ann thanked Eve because Ann", "Ann thanked Eve because Eve"), ("had helped.",), 1),
    ),
    "winograd, by contexts": (
        "winograd",
        {"context_options": ["The cup", "The ball"], "continuation": "is full.", "gold": 0},
        Item(("The cup", "The ball"), ("is full.",)),
    ),
    "rte": (
        "rte",
        {"premise": "It rains.", "hypothesis": "The street is dry.", "label": "NO"},
        Item(("It rains.\nQuestion: The street is dry. True or False?\nAnswer:",), ("True", "False"), 1),
    ),
    "lambada": ("lambada", {"text": "She went to see her friend Bob"}, Item(("She went to see her friend",), ("Bob",))),
    "lambada, as a cloze": (
        "lambada-cloze",
        {"text": "She went to see her friend Bob\n"},
        Item(("She went to see her friend ____. ->",), ("Bob",)),
    ),
    "triviaqa": (
        "triviaqa",
        {"context": "Question: Where?\nAnswer:", "answer": "Rome", "aliases": ["Roma", "Rome"]},
        Item(("Question: Where?\nAnswer:",), ("Rome", "Roma", "Rome")),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_published_form_becomes_the_same_item(form, tmp_path):
    name, row, expected = FORMS[form]
    assert read(name, row, folder=tmp_path) == [expected]


@pytest.mark.parametrize(
    ("context", "ending", "whole"),
    [
        ("Answer:", "yes", "Answer: yes"),
        ("A: ", "yes", "A:  yes"),
        ("Line\n", "next", "Line\n next"),
        ("A:", " yes", "A:  yes"),
        ("", "all", "all"),
    ],
)
def test_one_blank_stands_between_context_and_ending(context, ending, whole):
    assert join(context, ending) == whole


EXAMPLES = [
    Item(("Question: One?\nAnswer:",), ("a", "b"), 1),
    Item(("Question: Two?\nAnswer:",), ("c", "d"), 0),
    Item(("Question: Three?\nAnswer:",), ("e", "f"), 1),
    Item(("Question: Four?\nAnswer:",), ("g", "h"), 0),
]


def test_the_prompt_with_two_examples_is_this_text():
    """Golden: right answers, an empty line after each, the order by (seed, number); it must never change silently."""
    assert prompt(EXAMPLES, 0, 2, seed=0, own=True) == ("Question: Three?\nAnswer: f\n\nQuestion: Two?\nAnswer: c\n\n")
    assert prompt(EXAMPLES, 0, 0, seed=0, own=True) == ""


def test_an_example_of_two_contexts_is_the_right_one():
    item = Item(("The cup", "The ball"), ("is full.",), 1)
    assert item.example == "The ball is full."
    assert (
        Item(("Alice went to see her friend ____. ->",), ("Bob",)).example
        == "Alice went to see her friend ____. -> Bob"
    )
    assert Item(("Q:",), ("Rome", "Roma")).example == "Q: Rome"


def test_examples_are_drawn_without_the_item_itself_and_without_repetition():
    texts = [item.example for item in EXAMPLES]
    for number in range(4):
        for seed in range(20):
            drawn = prompt(EXAMPLES, number, 3, seed, own=True).split("\n\n")[:-1]
            assert sorted([*drawn, texts[number]]) == sorted(texts)
    orders = {prompt(EXAMPLES, 1, 3, seed, own=True) for seed in range(20)}
    assert len(orders) == 6
    assert {len(prompt(EXAMPLES, 9, 4, seed, own=False).split("\n\n")) for seed in range(5)} == {5}


@pytest.mark.parametrize(("shots", "own"), [(4, True), (5, False)])
def test_more_examples_than_there_are_is_an_error(shots, own):
    with pytest.raises(TaskError, match=f"{shots} examples asked for"):
        prompt(EXAMPLES, 0, shots, 0, own)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"query": "a", "choices": ["b"]}', r":1: no item of choice \(KeyError: 'gold'\): choices, query"),
        (
            '{"query": "a", "choices": ["b"], "gold": 0}\n\n{"query": "a", "choices": ["b"], "gold": 1}',
            ":3: the answer 1 is",
        ),
        ("[1, 2]", ":1: no item of choice .*: list"),
        ("{", ":1: not JSON"),
        ("", "no items"),
    ],
)
def test_a_line_that_is_no_item_is_named(text, words, tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text(text)
    with pytest.raises(TaskError, match=words):
        read_items(TASKS["choice"], path)


def test_a_file_may_be_compressed_and_may_hold_other_separators(tmp_path):
    """U+2028 ends no line of JSON."""
    path = tmp_path / "items.jsonl.gz"
    row = {"query": "one\u2028two", "choices": ["b", "c"], "gold": 1}
    path.write_bytes(gzip.compress((json.dumps(row, ensure_ascii=False) + "\n").encode() * 2, mtime=0))
    assert read_items(TASKS["choice"], path) == [Item(("one\u2028two",), ("b", "c"), 1)] * 2
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(TaskError, match="cannot be read"):
        read_items(TASKS["choice"], path)
    with pytest.raises(TaskError, match="no task is called 'sums'; there are answer"):
        task_named("sums")


REAL = {
    "hellaswag": ("hellaswag_abstainqa_dev", 459),
    "piqa": ("llm-foundry/piqa", 949),
    "arc-easy": ("llm-foundry/arc_easy", 1166),
    "arc-challenge": ("llm-foundry/arc_challenge", 0),
    "openbookqa": ("llm-foundry/openbook_qa", 0),
    "boolq": ("llm-foundry/boolq", 1666),
    "copa": ("llm-foundry/copa", 48),
    "rte": ("rte_pascal/rte2_dev", 220),
    "winogrande": ("llm-foundry/winogrande", 0),
    "winograd": ("llm-foundry/winograd_wsc", 0),
    "lambada": ("lambada_test_openai", 2603),
    "lambada-cloze": ("lambada_test_openai", 2603),
    "triviaqa": ("llm-foundry/triviaqa_sm_sub", 1492),
    "choice": ("llm-foundry/commonsense_qa", 0),
    "word": ("llm-foundry/pubmed_qa_labeled", 495),
    "answer": ("llm-foundry/triviaqa_sm_sub", 1492),
}


def test_tasks_whose_answers_are_written_are_worded_as_in_the_papers():
    def read(name, row):
        item = TASKS[name].read(row)
        return item.contexts[0], item.endings

    squad = {"context": "A loom.", "question": "What?", "answers": {"text": ["a loom", "loom"], "answer_start": [0, 2]}}
    assert read("reading", squad) == ("A loom.\n\nQ: What?\nA:", ("a loom", "loom"))
    assert read("reading", {"passage": "P", "question": "Q?", "answers": ["x"]}) == ("P\n\nQ: Q?\nA:", ("x",))
    row = {"source": "the cat", "target": "le chat"}
    assert read("translation", row) == ("the cat =", ("le chat",))
    assert read("translation", {**row, "language": "French"})[0] == "Q: What is the French translation of the cat\nA:"
    assert read("summary", {"article": "Long.", "highlights": "L."}) == ("Long.\nTL;DR:", ("L.",))
    assert TASKS["scramble"].description.startswith("Please unscramble")


def test_a_list_of_overlaps_marks_items(tmp_path):
    items, path = [Item((str(n),), ("x",)) for n in range(4)], tmp_path / "overlaps.jsonl"
    path.write_text('{"item": 2}\n{"item": 0, "contaminated": false}\n{"item": 3, "grams": 5}\n')
    assert [item.contaminated for item in read_overlaps(path, items)] == [False, False, True, True]
    path.write_text('{"item": 1}\n{"document": 1}\n')
    with pytest.raises(TaskError, match=r"overlaps\.jsonl:2: no overlap: a line is"):
        read_overlaps(path, items)
    path.write_text('{"item": 4}\n')
    with pytest.raises(TaskError, match=r"overlaps\.jsonl:1: item 4 of 4"):
        read_overlaps(path, items)


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_read_whole(name):
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    file, count = REAL[name]
    items = read_items(TASKS[name], DATA / f"{file}.jsonl.gz")
    lines = gzip.decompress((DATA / f"{file}.jsonl.gz").read_bytes()).count(b"\n")
    assert len(items) in (lines, lines + 1) and (not count or len(items) == count)
    for item in items:
        assert all(text for text in (*item.contexts, *item.endings))
        assert len(item.contexts) == 1 or len(item.endings) == 1
    golds = {item.gold for item in items}
    assert len(golds) > 1 or TASKS[name].form in ("word", "answer")
