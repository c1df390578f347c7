"""A tokenizer from word counts: which words, how many merges, and how large it may get.

Word counts are what Beam gathers; whoever gathers them cuts texts with `words.count_words` of the same kind. The
vocabulary is the alphabet, the merges and the special tokens; a corpus too small for it gives fewer merges, never
merges of pairs that occur once. The three kinds are the published ones: GPT-2's 256 bytes + 50,000 merges + the end
of text, GPT-1's 238 characters with and without `</w>` + 40,000 merges + 2, LLaMA's 32,000 sentencepiece pieces.
"""

from collections.abc import Iterable, Mapping

from corpus.tokenizer.counts import TrainingMemory, WordCounts, add_counts
from corpus.tokenizer.encoding import Tokenizer, tokenizer_from
from corpus.tokenizer.merges import train_character_merges, train_merges
from corpus.tokenizer.models import gpt1_model_of, gpt2_model_of
from corpus.tokenizer.sentences import train_sentencepiece

VOCABULARY_SIZES = {"gpt2": 50_257, "gpt1": 40_478, "sentencepiece": 32_000}
_GPT1_CHARACTERS = 238
# Ids that no merge makes.
_BESIDE_MERGES = {"gpt2": 256 + 1, "gpt1": 2 * _GPT1_CHARACTERS + 2, "sentencepiece": 256 + 3}
# Python, Beam and the libraries come to 250 MB before the first word; the rest is fitted with room to spare.
_PROCESS = 250_000_000
_A_MERGE = 600  # bytes of memory
# Bytes of memory for a distinct word, and for each of its bytes.
_BESIDE_WORDS = {"gpt2": (120, 90), "gpt1": (120, 120), "sentencepiece": (500, 60)}


def memory_of(kind: str, vocab_size: int | None = None) -> TrainingMemory:
    """What training of a kind takes at its peak, the process included; `ValueError` for no kind or too small a size."""
    merges = _merges(kind, vocab_size)
    return TrainingMemory(_PROCESS + merges * _A_MERGE, *_BESIDE_WORDS[kind])


def train_tokenizer(
    words: WordCounts | Mapping[bytes, int] | Iterable[tuple[bytes, int]], kind: str, vocab_size: int | None = None
) -> Tokenizer:
    """Train a tokenizer of a kind on word counts, in any order; the same counts give the same bytes anywhere.

    `vocab_size` includes every special token; the published size of the kind when it is None.
    """
    merges = _merges(kind, vocab_size)
    counts = words if isinstance(words, WordCounts) else add_counts(words)
    if not len(counts):
        raise ValueError("there are no words to train on; is the corpus empty?")
    if kind == "gpt2":
        return tokenizer_from(kind, gpt2_model_of(train_merges(counts, merges)))
    if kind == "gpt1":
        return tokenizer_from(kind, gpt1_model_of(train_character_merges(counts, merges, _GPT1_CHARACTERS)))
    return tokenizer_from(kind, train_sentencepiece(counts, merges + _BESIDE_MERGES[kind]))


def _merges(kind: str, vocab_size: int | None) -> int:
    if kind not in VOCABULARY_SIZES:
        raise ValueError(f"no tokenizer of kind {kind!r} can be trained; choose from {', '.join(VOCABULARY_SIZES)}")
    size = VOCABULARY_SIZES[kind] if vocab_size is None else vocab_size
    if size < _BESIDE_MERGES[kind]:
        raise ValueError(f"a {kind} vocabulary has {_BESIDE_MERGES[kind]} ids before its first merge, not {size}")
    return size - _BESIDE_MERGES[kind]
