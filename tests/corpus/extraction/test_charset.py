"""Bytes to text: each rule of the order, and the places where Python's codecs are not the web's."""

import gzip
import json
from pathlib import Path

import pytest

from corpus.extraction.charset import decode, encoding_name, prescan

PAGES = Path(__file__).parents[4] / "shared" / "data" / "pages"
JAPANESE = "天気がよいので、川まで歩いた。"
CHINESE = "今天天气很好，我们去河边散步。"
KOREAN = "오늘은 날씨가 좋아서 강가를 걸었다."
RUSSIAN = "Сегодня хорошая погода, и мы гуляли у реки."


@pytest.mark.parametrize(
    ("body", "content_type", "text", "name"),
    [
        # a byte order mark beats everything, and is gone from the text
        (b"\xef\xbb\xbfcaf\xc3\xa9", "text/html; charset=iso-8859-1", "café", "utf-8"),
        ("é".encode("utf-16"), "text/html; charset=utf-8", "é", "utf-16le"),
        (b"\xfe\xff" + "é".encode("utf-16-be"), "", "é", "utf-16be"),
        # valid UTF-8 beyond ASCII beats a label
        ("naïve café".encode(), "text/html; charset=iso-8859-1", "naïve café", "utf-8"),
        (b'<meta charset="gbk">' + "naïve café".encode(), "", '<meta charset="gbk">naïve café', "utf-8"),
        # the header beats the <meta>
        (
            b'<meta charset="utf-8">caf\xe9',
            "text/html; charset=windows-1252",
            '<meta charset="utf-8">café',
            "windows-1252",
        ),
        (
            b'<meta charset="koi8-r">\xcf\xf0\xe8',
            'text/html; Charset="windows-1251"',
            '<meta charset="koi8-r">При',
            "windows-1251",
        ),
        # the <meta> where the header is silent or unknown
        (b"<meta charset=windows-1251>\xcf\xf0\xe8", "text/html", "<meta charset=windows-1251>При", "windows-1251"),
        (
            b"<meta charset=windows-1251>\xcf\xf0\xe8",
            "text/html; charset=none",
            "<meta charset=windows-1251>При",
            "windows-1251",
        ),
        # a claim to be UTF-8 that the bytes deny
        (b"caf\xe9 cr\xe8me", "text/html; charset=utf-8", "café crème", "windows-1252"),
        (b"<meta charset=koi8-r>\xf0\xd2\xc9", "text/html; charset=utf-8", "<meta charset=koi8-r>При", "koi8-r"),
        # mostly UTF-8: one broken byte stays one replacement character
        ("ein schöner Tag für Käse ".encode() + b"\xe9", "", "ein schöner Tag für Käse \ufffd", "utf-8"),
        ("schön ".encode() + b"\xe9", "text/html; charset=utf-8", "schön \ufffd", "utf-8"),
        # a capped body, cut inside a character
        ("schön".encode()[:-2], "", "sch\ufffd", "utf-8"),
        # UTF-16 without a mark: the header is believed where there are NULs, and only there
        ("<p>Hi</p>".encode("utf-16-le"), "text/html; charset=utf-16le", "<p>Hi</p>", "utf-16le"),
        ("<p>Hi</p>".encode("utf-16-be"), "text/html", "<p>Hi</p>", "utf-16be"),
        (b"<p>Hi</p>", "text/html; charset=utf-16", "<p>Hi</p>", "utf-8"),
        # plain ASCII is what it is declared to be
        (b"plain", "text/html; charset=iso-8859-1", "plain", "windows-1252"),
        (b"plain", "", "plain", "utf-8"),
        (b"", "", "", "utf-8"),
        (b"a\0b", "", "ab", "utf-8"),
    ],
)
def test_the_order_of_evidence(body, content_type, text, name):
    assert decode(body, content_type) == (text, name)


@pytest.mark.parametrize(
    ("label", "body", "text", "name"),
    [
        ("iso-8859-1", b"\x93quoted\x94 \x80 5", "“quoted” € 5", "windows-1252"),
        ("iso-8859-1", b"\x81\x8d\x8f\x90\x9d\xe9", "\x81\x8d\x8f\x90\x9dé", "windows-1252"),
        ("us-ascii", b"caf\xe9", "café", "windows-1252"),
        ("gb2312", "镕 €".encode("gb18030"), "镕 €", "gbk"),
        ("gb18030", "𠀀".encode("gb18030"), "𠀀", "gb18030"),
        ("shift_jis", "①髙".encode("cp932"), "①髙", "shift_jis"),
        ("x-sjis", JAPANESE.encode("cp932"), JAPANESE, "shift_jis"),
        ("euc-jp", JAPANESE.encode("euc_jp"), JAPANESE, "euc-jp"),
        ("euc-jp", b"\xad\xa1" + JAPANESE.encode("euc_jp"), "①" + JAPANESE, "euc-jp"),
        ("iso-2022-jp", JAPANESE.encode("iso2022_jp"), JAPANESE, "iso-2022-jp"),
        ("euc-kr", "똠 뷁".encode("cp949"), "똠 뷁", "euc-kr"),
        ("ks_c_5601-1987", KOREAN.encode("cp949"), KOREAN, "euc-kr"),
        ("big5", "氹 香港".encode("big5hkscs"), "氹 香港", "big5"),
        ("tis-620", b"\xa1\xd2\xc3 \x93\xa1\x94", "การ “ก”", "windows-874"),
        ("iso-8859-9", b"\xfd\xfe\xf0", "ışğ", "windows-1254"),
        ("iso-8859-2", b"\xb1\xbc\xe6", "ąźć", "iso-8859-2"),
        ("windows-1250", b"\x9c\x9f\xb9", "śźą", "windows-1250"),
        ("koi8-u", b"\xf0\xd2\xa6", "Прі", "koi8-u"),
        ("cp866", b"\x8f\xe0\xa8", "При", "ibm866"),
        ("macintosh", b"caf\x8e", "café", "macintosh"),
        ("x-mac-cyrillic", b"\x8f\xf0\xe8", "При", "x-mac-cyrillic"),
    ],
)
def test_labels_mean_what_they_mean_on_the_web(label, body, text, name):
    assert decode(body, f"text/html; charset={label}") == (text, name)


@pytest.mark.parametrize(
    "label", ["", "none", "utf-7", "hz-gb-2312", "iso-2022-kr", "replacement", "utf8mb4", "x" * 500]
)
def test_unknown_labels_say_nothing(label):
    assert encoding_name(label) == ""
    assert decode("schön".encode(), f"text/html; charset={label}") == ("schön", "utf-8")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<meta charset="gbk">', "gbk"),
        (b"<META CHARSET=GBK>", "gbk"),
        (b"<meta/charset='gbk'/>", "gbk"),
        (b'<meta name="a" charset = "gbk" content="charset=big5">', "gbk"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=big5">', "big5"),
        (b"<meta content='text/html;charset=\"big5\"' http-equiv=content-type>", "big5"),
        (b'<meta name="description" content="text/html; charset=big5">', ""),
        (b'<!-- <meta charset="gbk"> --><meta charset="big5">', "big5"),
        (b'<!-- > --><p title="<meta charset=gbk>"><meta charset="big5">', "big5"),
        (b'<meta charset="utf-16">', "utf-8"),
        (b'<meta charset="x-user-defined">', "windows-1252"),
        (b'<meta charset="nonsense"><meta charset="gbk">', "gbk"),
        (b'<metadata charset="gbk">', ""),
        (b'<?xml version="1.0" encoding="euc-jp"?><html>', "euc-jp"),
        (b'<?xml version="1.0" encoding="utf-16"?><html>', "utf-8"),
        (b" " * 1010 + b'<meta charset="gbk">', ""),
        (b'<meta charset="gbk', ""),
        (b"", ""),
    ],
)
def test_prescan_of_the_first_1024_bytes(head, name):
    assert prescan(head) == name


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (CHINESE, "gb18030", "gb18030"),
        ("今天天氣很好，我們去河邊散步，看到很多鳥。", "big5", "big5"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (KOREAN, "cp949", "euc-kr"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8_r", "koi8-r"),
    ],
)
def test_undeclared_bytes_are_detected(text, codec, name):
    page = "<html><body>" + f"<p>{text}</p>" * 20
    assert decode(page.encode(codec)) == (page, name)


@pytest.mark.parametrize(
    "label", "utf-8 utf-16le utf-16be gbk big5 euc-jp iso-2022-jp shift_jis euc-kr windows-1252".split()
)
def test_any_bytes_become_clean_text(label):
    every_pair = bytes(byte for first in range(256) for second in range(256) for byte in (first, second))
    for body in (
        every_pair,
        every_pair[1:],
        b"\xed\xa0\x80\xed\xbf\xbf",
        b"\xff\xfe\x00\xd8",
        b"\x1b$B\xff",
        b"\xc0\x80",
    ):
        text, name = decode(body, f"text/html; charset={label}")
        assert text.encode("utf-8").decode("utf-8") == text
        assert "\0" not in text
        assert encoding_name(name) == name


def test_real_pages_decode_without_loss():
    if not PAGES.exists():
        pytest.skip(f"no real pages at {PAGES}")
    archive = pytest.importorskip("fastwarc.warc")
    with gzip.open(PAGES / "pages.meta.jsonl.gz", "rt", encoding="utf-8") as lines:
        charsets = {row["url"]: row["charset"] for row in map(json.loads, lines) if row["kind"] == "page"}
    legacy = wrong = 0
    with (PAGES / "pages.warc.gz").open("rb") as file:
        for record in archive.ArchiveIterator(file, record_types=archive.WarcRecordType.response, parse_http=True):
            charset = charsets.get(record.headers.get("WARC-Target-URI"))
            if charset in (None, "utf-8", "us-ascii"):
                continue
            text, name = decode(record.reader.read(), record.http_headers.get("Content-Type") or "")
            legacy += 1
            wrong += name != encoding_name(charset) or "\ufffd" in text
    assert (legacy, wrong) == (43, 0)
