"""Titles a customer has bought → queries by a GPT with beam search → BM25 → what he may buy next.

    python examples/gpt4rec/run.py --output DIR

After GPT4Rec (Li et al., arXiv 2304.03879): a language model reads the history as a text and writes search queries, and
a search engine answers them, so that the catalogue may change without the model. It uses Corpusloom as any program
would: tokenizer, shards, a training run, and a model opened by the run's folder.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bm25 import Index
from catalogue import Customer, customers, titles

from corpus.hashing import digest
from corpus.shards.layout import TokenizerEntry
from corpus.shards.write import TokenRow, order_key, source_shards, write_shard, write_shard_manifest
from corpus.tokenizer.encoding import Tokenizer
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.training import train_tokenizer
from corpus.tokenizer.words import count_words
from trainer.model.beam import beam_search
from trainer.run.runs import model_of, open_run
from trainer.train import main as train

BEAMS, QUERY_TOKENS = 4, 12
SETTINGS = ["layers=2", "heads=4", "width=64", "sequence_length=64", "batch_tokens=2048", "optimizer=muon", "rate=5e-3"]
SETTINGS += ["matrix_rate=0.03", "weight_decay=0", "position=rotary", "norm=rms", "validate_every=0", "save_every=1000"]


def asked(history: Sequence[str]) -> str:
    """The history as the model reads it."""
    return f"Previously, the customer has bought: {'. '.join(history)}. In the future, the customer wants to buy"


def build_shards(known: Sequence[Customer], folder: Path) -> Tokenizer:
    """One document for each customer whose whole history is known, and the tokenizer that they train."""
    texts = [f"{asked(each.history)} {each.next}" for each in known]
    tokenizer = train_tokenizer(count_words(texts, "gpt2"), "gpt2", 400)
    save_tokenizer(tokenizer, folder / "tokenizer")
    entry = TokenizerEntry(tokenizer.kind, tokenizer.digest, tokenizer.vocab_size, tokenizer.end_of_text)
    rows = {
        f"customers/{digest(text)}": TokenRow(f"customers/{digest(text)}", tokenizer.encode(text), len(text))
        for text in texts
    }
    ordered = sorted(rows.values(), key=lambda row: order_key(row.doc_id))
    shard = write_shard(folder / "customers" / "train-00000.arrow", folder, ordered, entry, "customers", "train")
    write_shard_manifest(folder, entry, [source_shards("customers", "train", 1, [shard])])
    return tokenizer


def quality(find: Callable[[Customer], list[str]], asking: Sequence[Customer]) -> dict[str, float]:
    """Recall at 1, 5 and 20, and the mean reciprocal rank among the first 20."""
    found = {"recall@1": 0.0, "recall@5": 0.0, "recall@20": 0.0, "mrr": 0.0}
    for each in asking:
        ranked = find(each)[:20]
        if each.next in ranked:
            rank = ranked.index(each.next) + 1
            found["mrr"] += 1 / rank
            for k in (1, 5, 20):
                found[f"recall@{k}"] += rank <= k
    return {name: round(value / len(asking), 4) for name, value in found.items()}


def merged(results: Sequence[Sequence[str]]) -> list[str]:
    """The results of several queries in turn: all firsts, all seconds, …, each title once."""
    longest = max(map(len, results), default=0)
    return list(dict.fromkeys(row[at] for at in range(longest) for row in results if at < len(row)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, ask, and print the figures beside two baselines; 0 when done."""
    flags = argparse.ArgumentParser(description="Recommendations by a GPT that writes search queries.")
    flags.add_argument("--output", required=True, type=Path, help="folder for shards, run and results.json")
    flags.add_argument("--customers", type=int, default=4000, help="customers to learn from")
    flags.add_argument("--asking", type=int, default=200, help="customers whose next purchase is foreseen")
    flags.add_argument("--steps", type=int, default=600, help="steps of training")
    given = flags.parse_args(arguments)
    known, asking = customers(given.customers, seed=0), customers(given.asking, seed=1)
    tokenizer = build_shards(known, given.output / "shards")
    run = given.output / "run"
    data = ["--data", str(given.output / "shards"), "--preset", "tiny", "--output", str(run)]
    if code := train([*data, *SETTINGS, f"steps={given.steps}"]):
        return code
    model, index = model_of(open_run(run), "auto"), Index(titles())
    popular = [title for title, _ in Counter(each.next for each in known).most_common(20)]

    def by_model(customer: Customer) -> list[str]:
        prompt = [tokenizer.end_of_text, *tokenizer.encode(asked(customer.history)).tolist()]
        found = beam_search(model, prompt, QUERY_TOKENS, tokenizer.end_of_text, BEAMS)
        queries = [tokenizer.decode(list(beam.tokens)).strip() for beam in found]
        return merged([index.search(query, 20) for query in queries])

    results = {
        "most bought": quality(lambda _: popular, asking),
        "BM25 of the last title": quality(lambda customer: index.search(customer.history[-1], 20), asking),
        "queries by the model": quality(by_model, asking),
    }
    (given.output / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, figures in results.items():
        print(f"{name:<24}" + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
