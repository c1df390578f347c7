"""What the blocks of docs/ ask for besides what those of the README have made: files of the reader's, from the sample.

`place` puts them into a folder under the names that a page uses, and `left_out` says of a line why it is not run.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import zstandard

from corpus.sample.prose import english_article

# What of a block is not run, and why; its flags are held against the help of the command all the same.
LEFT_OUT = {
    r"^pip |^make ": "installs, or is a target with tests of its own",
    r"--contact ": "asks the Internet's servers; tests/pipelines/test_fetch.py and test_fetch_captures.py",
    r"^torchrun ": "needs eight cards; tests/trainer/run/test_distributed.py has two processes",
    r"--runner=|\bBOOT=|^spark-submit ": "needs a cluster; tests/engines has one of each kind on this machine",
    r"^(docker|gcloud) ": "needs Docker or an account; tests/pipelines/engines, tests/examples/test_ways_to_run.py",
    r"-m pipelines\.refresh serve ": "runs until it is stopped; tests/pipelines/refresh/test_serving.py",
    r"-m pipelines\.refresh ": "needs five releases; tests/pipelines/refresh/test_months.py runs these lines there",
    r"-m benchmarks\.": "needs a card, other people's code, or real pages with their text",
    r"examples/gpt4rec/run\.py": "takes minutes as it stands; tests/examples/test_gpt4rec.py runs it smaller",
}
README_WEB = "data/demo/web"
# Page → the place that it names → what lies there, from the folder of the README; its pages stay small.
PLACES: Mapping[str, Mapping[str, str]] = {
    "commands.md": {
        "crawl/CC.warc.gz": f"{README_WEB}/commoncrawl/CC-MAIN-2017-04-sample.warc.gz",
        "2024-18/CC.warc.gz": f"{README_WEB}/crawl/sample-0000.warc.gz",
        "crawl/CC.wet.gz": f"{README_WEB}/commoncrawl/CC-MAIN-2017-04-sample.warc.wet.gz",
        "crawl.warc.gz": f"{README_WEB}/crawl/sample-0004-damaged.warc.gz",
        "benchmarks": f"{README_WEB}/benchmarks",
        **{name: name for name in ("data/webtext", "data/books", "data/classifier", "data/shards", "data/tokenizer")},
        "data/held": "data/books", "data/other": "data/raw", "data/2024-10": "data/raw", "data/second": "data/run",
    },
    **{page: {
        "RS_2016-11.zst": f"{README_WEB}/submissions/RS_2016-11.zst",
        **{f"{folder}/sample.warc.gz": f"{README_WEB}/crawl/sample-0000.warc.gz" for folder in folders},
    } for page, folders in (("engines.md", ("crawl",)), ("fetching.md", ("captures", "fetched")))},
}  # fmt: skip
OWN_RECIPE = """
from corpus.recipes.recipe import Recipe

def make(choices):
    return Recipe("own", "us", text_steps=())
"""
STORIES = [
    {"passage": f"The loom of house {number} is old.", "question": "What is old?", "answers": ["the loom"]}
    for number in range(18)
]
ENDINGS = [
    {"query": f"The weaver of house {number} sat down and", "choices": ["wove", "flew"], "gold": 0}
    for number in range(12)
]
PAIRS = [
    {"premise": "The loom is old.", "hypothesis": f"Loom {number} is old.", "label": ["no", "yes"][number % 2]}
    for number in range(8)
]


def lines(rows: list[dict]) -> str:
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


TEXTS = {
    "commands.md": {
        "words.txt": "darn\n",
        "own.py": OWN_RECIPE,
        "page.txt": "Add to cart. Free shipping. Sign in.\n",
        "domains.txt": "1 google.com\n",
        "hellaswag.jsonl": lines(ENDINGS),
        "squad.jsonl": lines(STORIES),
        "overlaps.jsonl": '{"item": 3}\n',
        "rte.jsonl": lines(PAIRS),
        "dev.jsonl": lines(PAIRS[:4]),
        "test.jsonl": lines([{name: row[name] for name in ("premise", "hypothesis")} for row in PAIRS[:2]]),
    }
}


def left_out(line: str) -> str | None:
    """Why a line is not run, or None."""
    return next((reason for pattern, reason in LEFT_OUT.items() if re.search(pattern, line)), None)


def place(page: str, readme: Path, folder: Path) -> None:
    """Fill a folder with what a page of docs takes for given."""
    for name, source in PLACES.get(page, {}).items():
        here, there = folder / name, readme / source
        here.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(there, here) if there.is_dir() else shutil.copy(there, here)
    for name, text in TEXTS.get(page, {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    if page == "commands.md":
        (folder / "books").mkdir()
        shelf = lines([{"text": english_article(number).text} for number in range(40)])
        (folder / "books" / "shelf.jsonl.zst").write_bytes(zstandard.compress(shelf.encode()))
