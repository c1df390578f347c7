"""Repairs of the text itself, and the light rules of the WebText recipe: is this prose, and is it a page at all.

`fix` is ftfy, then NFC (not NFKC, which turns 10³ into 103). ftfy reads every line several times over, at 2 to 3
MB/s, and changes hardly any: 11 of 1,375 English pages. So one regular expression first asks which lines it could
change. The answer errs on one side only: a line it passes over is one that
ftfy leaves alone, and every other line goes through ftfy itself. English runs 35 times as fast, German 8 times.
By default ftfy also uncurls quotes and narrows full-width forms, the Chinese comma among them; both stay here.

`stubs` finds pages that came with status 200 and hold a message in place of content: not found, prove that
you are human, accept our cookies, subscribe to read on. Only a short text can be a stub, and only if the
message opens it (a paywall also closes it), so an article about such pages stays. Run `stubs` before
`prose`, whose word limit would otherwise give the duller reason.
"""

import re
import unicodedata
from dataclasses import dataclass

import ftfy
from ftfy.badness import MOJIBAKE_CATEGORIES
from ftfy.chardata import CONTROL_CHARS, LIGATURES

from corpus.document import Document, Rejected
from corpus.rules.native import read

_CONFIG = ftfy.TextFixerConfig(uncurl_quotes=False, fix_character_width=False, explain=False)
_LONGEST_SEGMENT = _CONFIG.max_decode_length  # longer ones ftfy takes in pieces of its own

# What ftfy changes wherever it stands: control characters, line ends that are not \n, ligatures, surrogates.
_ALWAYS = "".join(re.escape(chr(code)) for code in sorted({*CONTROL_CHARS, *LIGATURES}))
_ALWAYS += "\r\u2028\u2029\x80-\x9f\ud800-\udfff"
# And what is decoded again where it looks like mojibake (ftfy.badness): next to another character that is not
# ASCII and no dash, quote or hard space; for seven letters and signs, next to anything.
_ALWAYS += "ÂÃÎÐØÙ√"
_HARMLESS = {"common", "kaomoji", "lower_common", "upper_common"}
_MOJIBAKE = "Ђ" + "".join(members for name, members in MOJIBAKE_CATEGORIES.items() if name not in _HARMLESS)
_NEIGHBOUR = rf"[^\x00-\x7f{MOJIBAKE_CATEGORIES['common']}]"
# One character of the class, then why it may matter: it always does; an entity follows; a neighbour is not ASCII.
# "AT&T" is passed over, "AT&amp;T" is not; "café" is, "cafÃ©" is not.
_SUSPECT = re.compile(
    rf"""
    [&Œœ{_ALWAYS}{_MOJIBAKE}]
    (?: (?<=[{_ALWAYS}])
      | (?<=&) \#?[0-9A-Za-z]{{1,24}};
      | (?<=[Œœ]) (?![A-Za-z])
      | (?<=[{_MOJIBAKE}]) (?={_NEIGHBOUR})
      | (?<={_NEIGHBOUR}[{_MOJIBAKE}])
    )
    """,
    re.VERBOSE,
)


def fix(document: Document) -> Document:
    """Repair what broke on the way: mojibake, stray entities, control characters, line ends; then NFC.

    The result is that of `ftfy.fix_text` without `uncurl_quotes` and `fix_character_width`, then NFC.
    """
    return document.with_text(_fixed(document.text))


def _fixed(text: str) -> str:
    """`text` after ftfy and NFC; only suspect lines are shown to ftfy, each with its line end, as ftfy cuts them."""
    if not unicodedata.is_normalized("NFC", text):
        return unicodedata.normalize("NFC", ftfy.fix_text(text, _CONFIG))
    # From the first "<" on, ftfy takes a text for HTML and leaves entities alone.
    markup = text.find("<")
    html_from = len(text) if markup < 0 else text.rfind("\n", 0, markup) + 1
    pieces: list[str] = []
    done = 0
    while suspect := _SUSPECT.search(text, done):
        start = text.rfind("\n", 0, suspect.start()) + 1
        end = text.find("\n", suspect.start()) + 1 or len(text)  # the last line may have no end: -1 + 1 is 0
        if end - start > _LONGEST_SEGMENT:
            return unicodedata.normalize("NFC", ftfy.fix_text(text, _CONFIG))
        config = _CONFIG if start < html_from else _CONFIG._replace(unescape_html=False)
        pieces += text[done:start], ftfy.fix_text_segment(text[start:end], config)
        done = end
    return unicodedata.normalize("NFC", "".join((*pieces, text[done:]))) if pieces else text


@dataclass(frozen=True, slots=True)
class ProseLimits:
    """What `prose` accepts. OpenWebTextCorpus dropped texts of less than 128 GPT-2 tokens: about 100 words."""

    min_words: int = 100
    min_letter_share: float = 0.6


def prose(document: Document, limits: ProseLimits = ProseLimits()) -> Document | Rejected:
    """Reject a text of few words, or one that is mostly digits and signs; for any language.

    Scripts written without spaces have a word for every two characters.
    """
    text = document.text
    of = read(text).counts()
    count = of.lexical
    if not text.isascii():
        count += len(_UNSPACED.findall(text)) // 2  # a word is two such characters on average
    if count < limits.min_words:
        return document.reject("text.too_few_words", count)
    share = of.letters / max(1, of.visible)
    if share < limits.min_letter_share:
        return document.reject("text.not_prose", share)
    return document


# Thai, Lao, Burmese and Khmer; kana and Han.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

# How stubs open, in lower case with straight quotes. What stands between ^ and $ must have its line to itself.
_NOT_FOUND = (
    r"^(?:page |file |url )?not found$|^(?:http )?(?:error )?404(?: errors?|\W+(?:page |file )?not found)?$",
    r"\bwe (?:can'?t|cannot|could ?n[o']t|couldn't|(?:are|were) unable to) (?:seem to )?find (?:the|that|this) page",
    r"\b(?:page|url|article) (?:that )?you(?:'re| are| were|'ve| have)? (?:looking for|request|tr[iy]|search|follow)"
    r".{0,50}(?:\bnot\b|n't\b|no longer|moved|removed|deleted|unavailable)",
    r"\b(?:this|the requested) (?:page|url) (?:(?:was|could|can) ?not (?:be )?found|can't be found"
    r"|does not exist|doesn't exist|no longer exists|is no longer available|has been removed)",
    r"^seite nicht gefunden$|\b(?:gesuchte|angeforderte|aufgerufene|gewünschte) seite .{0,30}nicht\b",
    r"^page (?:introuvable|non trouvée)$|\bla page (?:que vous .{0,25} |demandée )(?:est introuvable|n'existe)",
    r"^página no encontrada$|\bla página (?:que .{0,25} |solicitada )(?:no existe|no se |ya no |no está)",
    r"^pagina non trovata$|\bla pagina (?:che .{0,25} |richiesta )non (?:esiste|è stata trovata|è disponibile)",
    r"^página não encontrada$|\ba página (?:que .{0,25} |solicitada )não (?:existe|foi encontrada|está disponível)",
    r"^pagina niet gevonden$|\bpagina die (?:u|je) .{0,20}(?:bestaat niet|niet (?:worden )?gevonden)",
    r"^nie znaleziono strony$|\bstrona, której szukasz,? nie (?:istnieje|została)",
    r"^sidan (?:hittades inte|kunde inte hittas)$|\bsidan du (?:söker|letar efter) .{0,20}inte\b",
    r"^страница не найдена$|\bстраница.{0,30} (?:не найдена|не существует|была удалена)",
    r"(?:ページ|記事)(?:は|が).{0,10}(?:見つかりません|存在しません|削除され)",
    r"(?:页面|頁面|网页|網頁|文章).{0,8}(?:不存在|找不到|未找到|已被?删除|已被?刪除)",
)
_ROBOT = (
    r"^(?:access denied|(?:403 )?forbidden|just a moment\.\.\.|are you a robot|security check|one more step)$",
    r"\b(?:let us know|confirm|verify|make sure|prove|check(?:ing)?)(?: that| if)? you(?:'re| are)(?: not)?"
    r" (?:an? )?(?:robot|human|bot)\b",
    r"\bmade us think (?:that )?you (?:are|were|might be) a bot|\b(?:complete|pass) the (?:security check|captcha)",
    r"\bunusual (?:traffic|activity) from your|\bchecking (?:if the site connection is secure|your browser before)",
    r"\baccess to (?:this|the) (?:page|site|website|resource) (?:has been|is|was) (?:denied|blocked|restricted)",
    r"\byou have been blocked|\byou (?:don't|do not) have permission to access (?:this (?:page|site)|\"?/|\"?http)",
    r"\b(?:enable|turn on) (?:javascript|js|cookies)(?: and (?:javascript|cookies|disable any ad blocker))?"
    r"(?: in your| to (?:continue|proceed|run|use|view)|[.!]?$)",
    r"\bjavascript (?:is (?:disabled|required|not enabled|turned off)|must be enabled|has been disabled)",
    r"\baktivieren sie (?:bitte )?(?:javascript|cookies)|\bjavascript ist (?:deaktiviert|nicht aktiviert)",
    r"\bkein roboter sind|^zugriff verweigert$|^accès refusé$|^acceso denegado$|^доступ (?:запрещ[её]н|ограничен)$",
    r"\bactive[rz] (?:le )?(?:javascript|les cookies)|\bvous n'êtes pas un robot|\bno (?:eres|es usted) un robot",
    r"\b(?:habilit[ae]r?|activ[ae]r?|abilit(?:a|are|ate)) (?:o |el |il )?javascript|\bnon sei un robot|\bnão é um robô",
    r"\bschakel javascript in\b|\bgeen robot bent\b|\bwłącz (?:obsługę )?javascript|\bвключите javascript",
    r"javascriptを有効に|ロボットではない|启用 ?javascript|啟用 ?javascript|不是机器人|访问被拒绝",
)
_COOKIES = (
    r"\b(?:this|our) (?:web)?site uses .{0,40}cookies"
    r"|\bwe (?:and our partners )?use .{0,40}cookies.{0,120}\b(?:site|website|experience|privacy|consent|traffic)\b",
    r"\bby (?:using|continuing|clicking) .{0,60}you (?:agree|accept|consent) .{0,60}(?:cookies?|privacy policy)\b",
    r"\b(?:verwende[nt]|nutz(?:en|t)|setzen) .{0,40}cookies|\bgebruik(?:t|en)? .{0,20}cookies",
    r"\butilis(?:ons|e) .{0,30}cookies|\b(?:utiliza|usa)(?:mos)? .{0,30}cookies|\butilizz(?:a|iamo) .{0,30}cookie",
    r"\b(?:używa|wykorzystuje)(?:my)? .{0,30}(?:cookies|ciaste)|\bиспользу(?:ем|ет) .{0,30}(?:cookie|куки)",
    r"(?:cookie|クッキー)を使用|使用 ?cookie",
)
# How a paywall closes a teaser.
_PAYWALL = (
    r"\bsubscribe (?:now |today )?(?:to|and) (?:continue|read|keep|unlock)\b|\blog ?in to (?:continue|keep) reading",
    r"\bto (?:continue|keep) reading,? (?:please )?(?:subscribe|log ?in|sign (?:in|up)|register)",
    r"\bthis (?:article|content|story|post) is (?:only |exclusively |reserved )*(?:available )?(?:for|to)"
    r" (?:our |paid )*(?:subscribers|members)",
    r"\balready (?:a |have a )?(?:subscriber|subscription)\?|\bnur für abonnenten|\bjetzt weiterlesen\b",
    r"\bréservée? (?:à nos |aux )abonnés|\bil vous reste .{0,20}à lire|\babonnez-vous pour (?:lire|continuer)",
    r"\bexclusivo para (?:suscriptores|assinantes)|\bsuscríbete para (?:leer|seguir)|\bassine para (?:continuar|ler)",
    r"\briservato agli abbonati|\babbonati per (?:continuare|leggere)|\balleen voor abonnees",
    r"\btylko dla (?:subskrybentów|prenumeratorów)|\bтолько для подписчиков",
    r"会員限定|仅限会员|订阅后阅读|付费阅读",
)


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """What finds one of the phrases; a line is taken without signs and spaces at its ends."""
    joined = "|".join(phrases)
    # "^not found$" becomes ^[^\w\n]*+not found[^\w\n]*+$: "*** Not found ***" is found too.
    return re.compile(joined.replace("^", r"^[^\w\n]*+").replace("$", r"[^\w\n]*+$"), re.MULTILINE)


# The rule, its phrases, and whether they must stand in the opening.
_STUBS = (
    ("soft_404", _any_of(_NOT_FOUND), True),
    ("robot_wall", _any_of(_ROBOT), True),
    ("cookie_wall", _any_of(_COOKIES), True),
    ("paywall_stub", _any_of(_PAYWALL), False),
)
_SPACES = re.compile(r"[^\S\n]+")
_TITLE_BREAK = re.compile(r"\s[|\u00b7\u2013\u2014:»-]+\s|: ")  # " | ", " - ", ": " between a title and its site


@dataclass(frozen=True, slots=True)
class StubLimits:
    """How long a stub is at most, and how much of it is its opening, both in characters."""

    longest_stub: int = 1_000
    opening: int = 200


def stubs(document: Document, limits: StubLimits = StubLimits()) -> Document | Rejected:
    """Reject a short text that holds a message in place of content: the evidence is the phrase that gave it away.

    The title counts as part of the opening, piece by piece ("Page not found | The Daily Planet").
    """
    text = document.text
    if len(text) > limits.longest_stub:
        return document
    title = _TITLE_BREAK.sub("\n", document.title[: limits.opening])
    for rule, phrases, opens in _STUBS:
        # A paywall may close the text as well.
        said = f"{title}\n{text[: limits.opening] if opens else text}"
        # Lower case and straight quotes, as in the phrases.
        found = phrases.search(_SPACES.sub(" ", said.lower().replace("’", "'")))
        if found:
            return document.reject(f"text.{rule}", len(text), found[0].strip())
    return document
