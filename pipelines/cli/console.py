"""`corpusloom VERB …`: every command of the project under one name, the same as `python -m MODULE …`.

    corpusloom build-webtext --submissions 'RS_*.zst' --pages 'crawl/*.warc.gz' --output data/webtext

A verb is a module's name with hyphens, so that nobody has to learn two lists. Only the module that was asked for is
imported, as the main program it is with `python -m`.
"""

import runpy
import sys
from collections.abc import Sequence

from corpus.command_line import nearest
from corpus.errors import ExitCode

# Verb → module, and what it is for, in the order of the work.
VERBS = {
    "build-webtext": ("pipelines.build_webtext", "Reddit dumps and crawl files to WebText"),
    "build-commoncrawl": ("pipelines.build_commoncrawl", "crawl files to a corpus, by a recipe"),
    "build-wikipedia": ("pipelines.build_wikipedia", "Wikipedia dumps to a corpus"),
    "build-books": ("pipelines.build_books", "books to a corpus"),
    "build-index": ("pipelines.build_index", "a finished corpus into an index for later builds"),
    "fetch": ("pipelines.fetch", "pages for links that no crawl holds"),
    "fetch-captures": ("pipelines.fetch_captures", "captures for links, out of Common Crawl's index"),
    "refresh": ("pipelines.refresh", "a corpus kept current, release by release"),
    "explain": ("pipelines.explain", "what became of a page, and why"),
    "dedup": ("pipelines.dedup", "what settings of deduplication find and cost"),
    "classifier-train": ("classifiers.train", "train a quality classifier"),
    "classifier-evaluate": ("classifiers.evaluate", "how well it separates other documents"),
    "classifier-explain": ("classifiers.explain", "the words that decided"),
    "train-tokenizer": ("pipelines.train_tokenizer", "corpora to a tokenizer"),
    "build-shards": ("pipelines.build_shards", "corpora to weighted token shards"),
    "shards": ("corpus.shards", "verify, stats, peek, trace"),
    "report": ("corpus.report", "write a corpus's report again"),
    "warc": ("corpus.readers.warc", "what an archive holds, and where it is damaged"),
    "train": ("trainer.train", "train a GPT on shards"),
    "compare": ("trainer.compare", "curves of several runs over each other"),
    "finetune": ("trainer.finetune", "fine-tune a run on a task"),
    "predict": ("trainer.predict", "labels by a tuned model"),
    "sample": ("trainer.sample", "text from a run"),
    "score": ("trainer.score", "benchmarks by a run"),
    "export": ("trainer.export", "a run to transformers, or back"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print("usage: corpusloom VERB …      (corpusloom VERB --help has the flags)\n")
        print("\n".join(f"  {verb:<20} {purpose}" for verb, (_, purpose) in VERBS.items()))
        return ExitCode.DONE if given else ExitCode.FLAGS
    verb = given[0]
    if verb not in VERBS:
        near = nearest(verb, list(VERBS))
        cure = f"did you mean {near}?" if near else "`corpusloom --help` lists them"
        print(f"error: there is no verb {verb!r}; {cure}", file=sys.stderr)
        return ExitCode.FLAGS
    # The command reads sys.argv, as it does with `python -m`; `alter_sys` sets its first word to the module's file.
    sys.argv = [verb, *given[1:]]
    runpy.run_module(VERBS[verb][0], run_name="__main__", alter_sys=True)
    return ExitCode.DONE
