"""Small tokenizers in the shapes of published ones, made with the `tokenizers` library: a few hundred ids each.

A shape is how a tokenizer.json is put together (normaliser, cutting, model, added tokens, decoder), after GPT-NeoX,
OLMo, Llama, Qwen, Gemma, Mistral, Phi, BLOOM, T5, XLM-R, BERT and others; the vocabularies are our own.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

WORDS = (
    "the tide rises and the boats lie still, the tides of 1984 and 2025: it's what they'll say, isn't it? "
    "def f(x):\n    return {'a': x ** 2}  # naïve café, Straße, Ελληνικά, кошка, 日本語のテキスト, 한국어\n"
    "end of text and the end </s> <s> <pad> [MASK] <|endoftext|> of the rope"
)
CORPUS = [WORDS, *WORDS.split("\n"), "lighthouse keepers keep the light in the lighthouse"] * 4
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
SPACE = "\u2581"


def _level(words: list[str], split: Any, **more: Any) -> Tokenizer:
    made = Tokenizer(models.BPE(**more))
    made.pre_tokenizer, made.decoder = split, decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(words, trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False))
    return made


def _cut(pattern: str) -> Any:
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])


def _runs_of_blanks(made: Tokenizer, most: int = 24) -> None:
    made.add_tokens([AddedToken(" " * count, normalized=True) for count in range(most, 1, -1)])


def neox() -> Tokenizer:
    """GPT-NeoX, Pythia, OLMo, MPT: NFC, GPT-2's words, runs of blanks as added tokens that are not special."""
    made = _level(CORPUS, pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.normalizer = normalizers.NFC()
    made.add_special_tokens(["<|endoftext|>", "<|padding|>"])
    _runs_of_blanks(made)
    made.post_processor = processors.TemplateProcessing("$A <|endoftext|>", None, [("<|endoftext|>", 420)])
    return made


def llama3() -> Tokenizer:
    """Llama 3: a pattern of its own, whole words first (ignore_merges), the beginning of text by a template."""
    made = _level(CORPUS, _cut(LLAMA3), ignore_merges=True)
    made.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    made.post_processor = processors.TemplateProcessing("<|begin_of_text|> $A", None, [("<|begin_of_text|>", 420)])
    return made


def qwen2() -> Tokenizer:
    """Qwen 2: NFC and the same pattern with single digits; tool tokens that are not special."""
    made = _level(CORPUS, _cut(QWEN2))
    made.normalizer = normalizers.NFC()
    made.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    made.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("</tool_call>", normalized=False)])
    return made


def phi() -> Tokenizer:
    """Phi 2: GPT-2 with runs of blanks and tabs after the end of text."""
    made = _level(CORPUS, pre_tokenizers.ByteLevel(add_prefix_space=False))
    made.add_special_tokens(["<|endoftext|>"])
    made.add_tokens([AddedToken(" " * n, normalized=False) for n in range(31, 1, -1)])
    made.add_tokens([AddedToken("\t" * n, normalized=False) for n in range(9, 1, -1)])
    return made


def phi3() -> Tokenizer:
    """Phi 3: special tokens that swallow the blanks behind them, and one that does though it is not special."""
    made = _bpe_of_pieces(Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)))
    made.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    made.add_tokens([AddedToken("<|keep|>", rstrip=True, normalized=False), AddedToken("<|left|>", lstrip=True)])
    made.add_special_tokens([AddedToken("<|end|>", rstrip=True)])
    return made


def bloom() -> Tokenizer:
    """BLOOM: no normaliser, a split of its own, byte level."""
    return _with_end(_level(CORPUS, _cut(r" ?[^(\s|[.,!?…。，、।۔،])]+")), "</s>")


def deepseek() -> Tokenizer:
    """DeepSeek, Falcon, StarCoder: digits one by one before GPT-2's words."""
    cut = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    return _with_end(_level(CORPUS, cut), "<|endoftext|>", ["<fim_prefix>"])


def roberta() -> Tokenizer:
    """RoBERTa, BART: a blank is put before the text."""
    made = _with_end(_level(CORPUS, pre_tokenizers.ByteLevel(add_prefix_space=True)), "</s>", ["<s>"])
    made.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    made.post_processor = processors.RobertaProcessing(("</s>", 420), ("<s>", 421))
    return made


def single_word() -> Tokenizer:
    """Added tokens that only match whole words, and one that is matched after the text is normalised."""
    made = _with_end(_level(CORPUS, pre_tokenizers.ByteLevel(add_prefix_space=False)), "<|endoftext|>")
    made.normalizer = normalizers.Lowercase()
    made.add_tokens([AddedToken("tide", single_word=True), AddedToken("Boats", normalized=True)])
    made.add_tokens([AddedToken("ROPE", normalized=False)])
    return made


def _with_end(made: Tokenizer, end: str, others: list[str] | None = None) -> Tokenizer:
    made.add_special_tokens([end, *(others or [])])
    return made


def _bpe_of_pieces(made: Tokenizer) -> Tokenizer:
    """Train in sentencepiece's manner: unknown, beginning, end, 256 byte pieces, then pieces with blanks as U+2581."""
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=460, special_tokens=specials, show_progress=False)
    made.train_from_iterator([SPACE + text.replace(" ", SPACE) for text in CORPUS], trainer)
    document = json.loads(made.to_str())
    document["added_tokens"] = document["added_tokens"][:3]
    made = Tokenizer.from_str(json.dumps(document))
    made.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return made


def llama2() -> Tokenizer:
    """Llama 2: pieces with byte fallback, a blank before the text by the normaliser."""
    made = _bpe_of_pieces(Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)))
    made.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    made.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 1)])
    return made


def mistral() -> Tokenizer:
    """Mistral, newer Llama 2: the same by Metaspace, on the first piece only."""
    made = _bpe_of_pieces(Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)))
    made.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first", split=False)
    return made


def gemma() -> Tokenizer:
    """Gemma: no blank before the text, split at blanks, runs of line feeds as added tokens."""
    made = _bpe_of_pieces(Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True)))
    made.normalizer = normalizers.Replace(" ", SPACE)
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    made.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_tokens([AddedToken("\n" * count, normalized=False) for count in range(5, 0, -1)])
    return made


def _unigram(normalizer: Any, scheme: str, byte_fallback: bool = False) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer, made.decoder = normalizer, decoders.Metaspace(SPACE, prepend_scheme=scheme)
    made.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme)
    specials = ["<pad>", "</s>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256) if byte_fallback)]
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=specials, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    if not byte_fallback:
        return made
    document = json.loads(made.to_str())
    document["model"]["byte_fallback"] = True
    document["added_tokens"] = document["added_tokens"][:3]
    made = Tokenizer.from_str(json.dumps(document))
    made.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(SPACE, prepend_scheme=scheme), decoders.Fuse()]
    )
    return made


def t5() -> Tokenizer:
    """T5, mT5: Unigram; `</s>` and `<pad>` are pieces, which the library would find in a text."""
    made = _unigram(normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]), "always")
    made.add_special_tokens([f"<extra_id_{number}>" for number in range(3)])
    made.post_processor = processors.TemplateProcessing("$A </s>", None, [("</s>", 1)])
    return made


def xlm_r() -> Tokenizer:
    """XLM-R, ALBERT: Unigram over normalised, stripped text, with byte fallback here."""
    return _unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip()]), "first", True)


def bert() -> Tokenizer:
    """BERT: WordPiece over lower case without accents; the end of text is `[SEP]`."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=specials, show_progress=False)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def word_level() -> Tokenizer:
    """Words as they stand: a text's `</s>` is the end of text's own word, and nothing else would keep it out."""
    made = Tokenizer(models.WordLevel(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.train_from_iterator(CORPUS, trainers.WordLevelTrainer(special_tokens=["<unk>", "</s>"], show_progress=False))
    return made


def merged_end() -> Tokenizer:
    """Byte pairs trained on text that held `</s>`, so that merges make it."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer, made.decoder = pre_tokenizers.WhitespaceSplit(), decoders.BPEDecoder()
    made.train_from_iterator(
        ["</s> the tide </s> ends </s>"] * 9,
        trainers.BpeTrainer(vocab_size=60, special_tokens=["<unk>"], show_progress=False),
    )
    return made


Shape = tuple[Callable[[], Tokenizer], str]
SHAPES: dict[str, Shape] = {
    "neox": (neox, "<|endoftext|>"),
    "llama3": (llama3, "<|end_of_text|>"),
    "qwen2": (qwen2, "<|endoftext|>"),
    "phi": (phi, "<|endoftext|>"),
    "phi3": (phi3, "<|end|>"),
    "bloom": (bloom, "</s>"),
    "deepseek": (deepseek, "<|endoftext|>"),
    "roberta": (roberta, "</s>"),
    "single_word": (single_word, "<|endoftext|>"),
    "llama2": (llama2, "</s>"),
    "mistral": (mistral, "</s>"),
    "gemma": (gemma, "</s>"),
    "t5": (t5, "</s>"),
    "xlm_r": (xlm_r, "</s>"),
    "bert": (bert, "[SEP]"),
    "word_level": (word_level, "</s>"),
    "merged_end": (merged_end, "</s>"),
}


def write_shape(name: str, folder: Path, **config: Any) -> Tokenizer:
    """Write a shape as a folder of `transformers`; the library's own tokenizer of it."""
    make, end = SHAPES[name]
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    values = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(values))
    return made
