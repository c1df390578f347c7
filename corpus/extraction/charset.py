"""Bytes to text by the WHATWG rules (encoding.spec.whatwg.org, and "encoding sniffing" in the HTML standard).

The standard's order is byte order mark, HTTP header, <meta> in the first 1024 bytes, guess. We ask one
question first: are the bytes valid UTF-8 with something beyond ASCII in them? Legacy text almost never is,
so a yes is better evidence than any label; servers that add "iso-8859-1" to every response are common.
The other way round, a page that calls itself UTF-8 is believed while most of what is beyond ASCII decodes:
one broken byte in a banner must not turn a whole page into mojibake, and a Latin-1 page under a UTF-8
header should not become a page of replacement characters.

Traps: Python's codecs are not the web's. "iso-8859-1" means windows-1252, "gb2312" means gb18030,
"shift_jis" means cp932, and the undefined bytes of a single-byte charset are C1 controls, not errors.
"""

import codecs
import re
from functools import cache

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

PRESCAN_BYTES = 1024

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16be"), (codecs.BOM_UTF16_LE, "utf-16le"))
# resiliparse answers with Python codecs; these WHATWG names differ from them (iso-8859 and windows-125x by rule).
_NAME_OF_CODEC = {
    "cp866": "ibm866",
    "euc_jp": "euc-jp",
    "euc_kr": "euc-kr",
    "iso2022_jp": "iso-2022-jp",
    "iso8859-11": "windows-874",
    "mac-roman": "macintosh",
    "utf-16-be": "utf-16be",
    "utf-16-le": "utf-16le",
}
_LABELS_RESILIPARSE_LACKS = {
    "cp949": "euc-kr",  # no label of the web's, but what the detector calls Korean
    "x-mac-cyrillic": "x-mac-cyrillic",
    "x-mac-ukrainian": "x-mac-cyrillic",
    "x-user-defined": "windows-1252",
}
# What to decode with, where Python's codec of the WHATWG name is missing or too narrow. A second codec is
# tried when the first finds errors: JIS X 0213 holds the circled digits that Python's euc_jp lacks.
_CODECS_OF_NAME = {
    "big5": ("big5hkscs",),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "euc-kr": ("cp949",),
    "gbk": ("gb18030",),
    "ibm866": ("cp866",),
    "macintosh": ("mac-roman",),
    "shift_jis": ("cp932",),
    "windows-874": ("cp874",),
    "x-mac-cyrillic": ("mac-cyrillic",),
}
_MULTI_BYTE = frozenset("utf-8 utf-16be utf-16le gbk gb18030 big5 euc-jp iso-2022-jp shift_jis euc-kr".split())

_HEADER_CHARSET = re.compile(r"charset\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s;,\"']+)", re.IGNORECASE)
# Only an XML declaration at the very start: used with `match`.
_XML_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)[\"']")
# A comment as a whole, a tag up to its name (its attributes are read next), or a declaration, which is skipped.
_MARKUP = re.compile(rb"<!--.*?-->|<(/?[a-zA-Z][^\s/>]*)|<[!/?][^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(rb"[\s/]*([^\s/>=]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*))?")
_CONTENT_CHARSET = re.compile(rb"charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;\"']+))", re.IGNORECASE)


def decode(body: bytes, content_type: str = "") -> tuple[str, str]:
    """The text of `body` and the WHATWG name of the encoding it was read as; never raises.

    `content_type` is the HTTP header's value, with or without a charset. Bytes that mean nothing become
    U+FFFD; NULs and the byte order mark are gone, and lone surrogates cannot arise.
    """
    # The mark decides even against the header: the standard's first step.
    for mark, name in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return _decode_as(body[len(mark) :], name), name
    name = _name(body, content_type)
    return _decode_as(body, name), name


def _name(body: bytes, content_type: str) -> str:
    """The encoding of bytes without a byte order mark.

    UTF-8 needs two valid characters beyond ASCII for each broken one, or one for one where the page says it is UTF-8.
    (Legacy text has 1.1 at most: the Declaration of Human Rights in 380 languages and 22 legacy charsets.)
    """
    # valid = characters beyond ASCII that decode; pure ASCII has (0, 0) and goes on to the labels below.
    valid, broken = _count_utf8(body)
    if valid and not broken:
        return "utf-8"
    declared = [name for name in (_header_charset(content_type), prescan(body)) if name]
    unicode_16 = [name for name in (*declared, _bare_utf16(body)) if name.startswith("utf-16")]
    # UTF-16 of Latin letters is half NULs; a UTF-16 label on a page without any is wrong.
    if unicode_16 and b"\0" in body:
        return unicode_16[0]
    if broken and (valid > 2 * broken or ("utf-8" in declared and valid >= broken)):
        return "utf-8"
    legacy = [name for name in declared if not name.startswith("utf-")]
    if legacy:
        return legacy[0]
    # No byte is beyond ASCII. Only ISO-2022-JP says more than ASCII in 7 bits: ESC $ B switches to kanji.
    if not broken:
        return "iso-2022-jp" if b"\x1b$B" in body or b"\x1b$@" in body else "utf-8"
    guess = encoding_name(detect_encoding(body, html5_compatible=False) or "")
    # A guess of UTF-8 was ruled out by the counts above.
    return guess if guess and not guess.startswith("utf-") else "windows-1252"


def encoding_name(label: str) -> str:
    """The WHATWG name of an encoding label; "" for a label that the standard does not know.

    The "replacement" encodings (hz-gb-2312, iso-2022-kr, ...) count as unknown: a browser shows nothing for them.
    """
    label = label.strip(" \t\n\f\r").lower()
    if label in _LABELS_RESILIPARSE_LACKS:
        return _LABELS_RESILIPARSE_LACKS[label]
    codec = map_encoding_to_html5(label, fallback_utf8=False) or ""
    if codec in _NAME_OF_CODEC:
        return _NAME_OF_CODEC[codec]
    return re.sub(r"^cp125", "windows-125", re.sub(r"^iso8859", "iso-8859", codec))


def prescan(body: bytes) -> str:
    """The encoding that the document names in its first 1024 bytes, by the standard's prescan; "" for none.

    Comments are skipped, UTF-16 is read as UTF-8 (a document whose <meta> can be read is not UTF-16).
    An XML declaration counts where no <meta> does.
    """
    head = body[:PRESCAN_BYTES]
    position = 0
    # One tag at a time, because a value may hold ">": <meta content="a>b" charset=…>.
    while markup := _MARKUP.search(head, position):
        position = markup.end()
        if markup[1]:
            attributes, position = _attributes(head, position)
            name = _meta_charset(attributes) if markup[1].lower() == b"meta" else ""
            if name:
                return "utf-8" if name.startswith("utf-16") else name
    xml = _XML_ENCODING.match(head)
    name = encoding_name(xml[1].decode("latin-1")) if xml else ""
    return "utf-8" if name.startswith("utf-16") else name


def _attributes(head: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """The attributes of a tag from `position` on (first of a name wins), and where the tag ends."""
    attributes: dict[bytes, bytes] = {}
    while (match := _ATTRIBUTE.match(head, position)) and match[0]:
        value = match[2] or b""
        quoted = value[:1] in (b'"', b"'")
        attributes.setdefault(match[1].lower(), value[1:-1] if quoted else value)
        position = match.end()
    return attributes, position


def _meta_charset(attributes: dict[bytes, bytes]) -> str:
    """What a <meta> with these attributes declares: `charset`, or `content` beside http-equiv=content-type."""
    if b"charset" in attributes:
        return encoding_name(attributes[b"charset"].decode("latin-1"))
    if attributes.get(b"http-equiv", b"").lower() == b"content-type":
        match = _CONTENT_CHARSET.search(attributes.get(b"content", b""))
        if match:
            return encoding_name((match[1] or match[2] or match[3] or b"").decode("latin-1"))
    return ""


def _header_charset(content_type: str) -> str:
    match = _HEADER_CHARSET.search(content_type)
    return encoding_name(match[1].strip("\"'")) if match else ""


def _count_utf8(body: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII decode as UTF-8, and how many sequences do not.

    The answer for valid UTF-8 is (1, 0) or, for plain ASCII, (0, 0). A character cut at the very end does not
    count: readers cap bodies.
    """
    # Final=False: `abc\xc3`, cut inside a character, counts (0, 0) and not as broken.
    try:
        return int(not codecs.utf_8_decode(body, "strict", False)[0].isascii()), 0
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        # U+FFFD may stand in the page itself (EF BF BD); those are no errors of decoding.
        broken = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
        return sum(len(run) for run in re.findall(r"[^\0-\x7f]+", text)) - broken, broken


def _bare_utf16(body: bytes) -> str:
    # "<" in UTF-16 is 3C 00 or 00 3C; without a mark a page begins so.
    return "utf-16le" if body.startswith(b"<\0") else "utf-16be" if body.startswith(b"\0<") else ""


def _decode_as(body: bytes, name: str) -> str:
    if name not in _MULTI_BYTE:
        table = _single_byte_table(name)
        return codecs.charmap_decode(body, "replace", table)[0].replace("\0", "")  # pyright: ignore[reportArgumentType]
    tried = _CODECS_OF_NAME.get(name, (name,))
    for codec in tried[:-1]:
        try:
            return body.decode(codec).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return body.decode(tried[-1], "replace").replace("\0", "")


@cache
def _single_byte_table(name: str) -> str:
    """The 256 characters of a single-byte encoding; undefined bytes 0x80-0x9F are C1 controls, as on the web."""
    codec = _CODECS_OF_NAME.get(name, (name,))[0]
    characters = [bytes([byte]).decode(codec, "replace") for byte in range(256)]
    return "".join(
        # windows-1252 leaves 81, 8D, 8F, 90 and 9D undefined: 0x81 reads as U+0081.
        chr(byte) if character == "\ufffd" and 0x80 <= byte < 0xA0 else character
        for byte, character in enumerate(characters)
    )
