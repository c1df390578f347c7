"""A tokenizer from word counts: which words, how many merges, and how large it may get.

Word counts are what Beam gathers; whoever gathers them cuts texts with `words.count_words` of the same kind. The
vocabulary is the alphabet, the merges and the special tokens; a corpus too small for it gives fewer merges, never
merges of pairs that occur once. The three kinds are the published ones: GPT-2's 256 bytes + 50,000 merges + the end
of text, GPT-1's 238 characters with and without `</w>` + 40,000 merges + 2, LLaMA's 32,000 sentencepiece pieces.
"""

from collections.abc import Iterable, Mapping

from corpus.tokenizer.encoding import Tokenizer, tokenizer_from
from corpus.tokenizer.merges import add_counts, check_memory, train_character_merges, train_merges
from corpus.tokenizer.models import gpt1_model_of, gpt2_model_of
from corpus.tokenizer.sentences import train_sentencepiece

VOCABULARY_SIZES = {"gpt2": 50_257, "gpt1": 40_478, "sentencepiece": 32_000}
_GPT1_CHARACTERS = 238
_BESIDE_MERGES = {"gpt2": 256 + 1, "gpt1": 2 * _GPT1_CHARACTERS + 2, "sentencepiece": 256 + 3}


def train_tokenizer(
    words: Mapping[bytes, int] | Iterable[tuple[bytes, int]],
    kind: str,
    vocab_size: int | None = None,
    memory_limit: int | None = None,
) -> Tokenizer:
    """Train a tokenizer of a kind on word counts, in any order; the same counts give the same bytes anywhere.

    `memory_limit` is in bytes and checked before training (`merges.TooLarge`). `vocab_size` includes every special
    token; the published size of the kind when it is None.
    """
    if kind not in VOCABULARY_SIZES:
        raise ValueError(f"no tokenizer of kind {kind!r} can be trained; choose from {', '.join(VOCABULARY_SIZES)}")
    size = VOCABULARY_SIZES[kind] if vocab_size is None else vocab_size
    merges = size - _BESIDE_MERGES[kind]
    if merges < 0:
        raise ValueError(f"a {kind} vocabulary has {_BESIDE_MERGES[kind]} ids before its first merge, not {size}")
    counts = add_counts(words)
    if not counts:
        raise ValueError("there are no words to train on; is the corpus empty?")
    check_memory(counts, merges, memory_limit)
    if kind == "gpt2":
        return tokenizer_from(kind, gpt2_model_of(train_merges(counts, merges)))
    if kind == "gpt1":
        return tokenizer_from(kind, gpt1_model_of(train_character_merges(counts, merges, _GPT1_CHARACTERS)))
    return tokenizer_from(kind, train_sentencepiece(counts, size))
