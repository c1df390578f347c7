"""`--languages`: codes that the language model knows, so that a misspelt one does not reject every page."""

from corpus.command_line import nearest
from corpus.errors import CorpusloomError, ExitCode
from corpus.rules.language import model_languages

ALL = "all"
# English names of the languages with the most pages; other names are answered with the list of codes.
_NAMES = {
    "arabic": "ar",
    "bengali": "bn",
    "chinese": "zh",
    "czech": "cs",
    "dutch": "nl",
    "english": "en",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hindi": "hi",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
    "vietnamese": "vi",
}


def read_languages(text: str, model: str) -> tuple[str, ...]:
    """The codes of the flag, () for all; `CorpusloomError` (2) for one that the model never answers."""
    if text == ALL:
        return ()
    codes = tuple(code.strip() for code in text.split(","))
    known = model_languages(model)
    for code in codes:
        if code not in known:
            # "EN-us" -> en, "German" -> de, "eng" -> the code most like it.
            short = code.lower().partition("-")[0]
            guess = _NAMES.get(code.lower()) or (short if short in known else nearest(code.lower(), sorted(known)))
            hint = f"did you mean {guess}?" if guess else f"the model knows {', '.join(sorted(known))}"
            raise CorpusloomError(
                f"--languages {text!r}: {code!r} is no code of a language, or one that the model does not know; {hint}",
                ExitCode.FLAGS,
            )
    return codes
