"""Templates of foreign words: what language they are of, how they are written and spoken."""

from collections.abc import Callable

from corpus.extraction.wiki.languages import LANGUAGES
from corpus.extraction.wiki.names import names
from corpus.extraction.wiki.site import Site
from corpus.extraction.wiki.units import positional

Values = dict[str, str]


def spoken(code: str, text: str, more: list[str], values: Values, site: Site) -> str:
    """`{{langx|la|nux}}` as "Latin: nux"; in a wiki of another language the word alone."""
    language = LANGUAGES.get(code) or LANGUAGES.get(code.partition("-")[0], "")  # "en-GB" by its "en"
    label = values.get("label", language if site.language in ("", "en", "simple") else "")
    shown = [text, *filter(None, more[:1])]
    if values.get("lit") or len(more) > 1:
        # {{langx|la|nux|translit|nut}}: the third is a transliteration, the fourth what it means.
        shown.append(f"lit. ‘{values.get('lit') or more[1]}’")
    return (f"{label}: " if label and label != "none" and values.get("links") != "none" else "") + ", ".join(shown)


def _langx(values: Values, site: Site) -> str:
    parts = positional(values)
    return spoken(parts[0], parts[1], parts[2:], values, site) if len(parts) > 1 else ""


def _interlanguage(values: Values, site: Site) -> str:
    return values.get("lt") or values.get("display") or values.get("texte") or (positional(values) or [""])[0]


def _lien(values: Values, site: Site) -> str:
    return values.get("texte") or values.get("fr") or next(iter(positional(values)), "") or values.get("trad", "")


def _nihongo(values: Values, site: Site) -> str:
    """`{{nihongo|walnut|胡桃|kurumi|extra}}` as "walnut (胡桃, kurumi, extra)"."""
    parts = [*positional(values), "", "", "", ""]
    inside = ", ".join(filter(None, (*parts[1:4], values.get("extra", ""))))
    return f"{parts[0]} ({inside})" if inside and parts[0] else parts[0] or inside


def _chinese(values: Values, site: Site) -> str:
    # In the order in which the template shows them.
    labels = (("c", "Chinese"), ("s", "simplified Chinese"), ("t", "traditional Chinese"), ("p", "pinyin"), ("hp",
    "pinyin"),
              ("w", "Wade–Giles"), ("j", "Jyutping"), ("poj", "Pe̍h-ōe-jī"), ("l", "lit."))  # fmt: skip
    labels += (("hangul", "Korean"), ("hanja", "Hanja"), ("rr", "RR"), ("mr", "MR"))
    shown = [f"{label}: {values[key]}" for key, label in labels if values.get(key)]
    return "; ".join(shown or positional(values)[:1])


def _english_sounds(values: Values, site: Site) -> str:
    """`{{IPAc-en|ˈ|w|ɔː|l|n|ʌ|t}}` as /ˈwɔːlnʌt/; what says where it is so spoken is left out."""
    parts = [
        part for part in positional(values) if part not in _SPOKEN_WHERE and not part.endswith((".ogg", ".oga", ".wav"))
    ]
    sounds = "".join(" " if part in ("_", "") else part for part in parts).strip()
    return f"/{sounds}/" if sounds else ""


_SPOKEN_WHERE = frozenset("uk us ukalso usalso also local lang pron audio en alsouk alsous ipa usb uk: us:".split())


def _ipa(values: Values, site: Site) -> str:
    parts = positional(values)
    # {{IPA|de|…}}: the code first, or the sounds alone.
    coded = len(parts) > 1 and parts[0].partition("-")[0] in LANGUAGES
    return f"[{parts[1]}]" if coded else (parts or [""])[0]


def _each(listed: str, function: Callable[[Values, Site], str]) -> dict[str, Callable[[Values, Site], str]]:
    return dict.fromkeys(names(listed), function)


COMPUTED: dict[str, Callable[[Values, Site], str]] = {
    **_each("ill, interlanguage link, interlanguage link multi, illm, link-interwiki, ill2, enlink", _interlanguage),
    **_each("lien", _lien),
    **_each("langx", _langx),
    **_each("nihongo, nihongo3, nihongo foot, nihongo krt, nihongo title, korean name", _nihongo),
    **_each("zh, zh-l, zh-full, korean, ko-hhrm, lang-zh, zh-cpw, zhi, zh2", _chinese),
    **_each("ipac-en, ipac, ipa-en2", _english_sounds),
    **_each("ipa, api, ipa2, ipa-all, lautschrift, ipalink, phon, мфа, afi", _ipa),
}
