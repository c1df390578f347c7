"""What templates, parser functions and magic words show, kind by kind."""

import pytest

from corpus.extraction.wiki.expressions import expression_value, number_text
from corpus.extraction.wiki.site import Site, revision_time
from corpus.extraction.wikitext import article_text

SITE = Site("en", "Walnut", revision_time("2015-03-07T17:35:30Z"))


def shown(markup, language="en"):
    """The text of the markup inside a sentence."""
    text = article_text(f"So {markup} is", Site(language, SITE.title, SITE.now))
    assert text.startswith("So") and text.endswith("is")
    return text[2:-2].strip(" ")


ROWS = """
{{convert|10|-|20|km|mi}} => 10–20 km
{{convert|60|and(-)|80|kg}} => 60 and 80 kg
{{convert|1+1/2|in|mm|0}} => 1 1/2 in
{{Convert|2|x|3|x|4|m}} => 2 × 3 × 4 m
{{convert|5|ft|11|in|m|abbr=on}} => 5 ft 11 in
{{convert|5|ft|0}} => 5 ft
{{cvt|1000000|sqmi|km2}} => 1,000,000 sq mi
{{convert|1.5e6|km}} => 1.5×10⁶ km
{{convert|20|C}} => 20 °C
{{convert|7|to|9|kg|disp=number}} => 7 to 9
{{convert|3|e6km2|abbr=off}} => 3 million km²
{{convert|9.8|m/s2|order=flip}} => 9.8 m/s²
{{height|ft=6|in=2}} {{weight|kg=80}} => 6 ft 2 in 80 kg
{{height|m=1.85|precision=0}} {{duration|m=4|s=33}} {{duration|1|2|3}} => 1.85 m 4:33 1:02:03
{{val|1234567}} => 1,234,567
{{val|1.2|0.3|e=5|u=kg}} => (1.2±0.3)×10⁵ kg
{{val|0.99|+0.1|-0.2}} => 0.99+0.1−0.2
{{val|5|-|6|u=m}} => 5–6 m
{{Pop density|3645257|640081.87|km2|sqmi|prec=1}} => 5.7/km²
{{frac|1|1|2}} => 1 1/2
{{Frac|3}} => 1/3
{{sfrac|2|1|4}} => 2 1/4
{{fraction|7|8}} => 7/8
{{birth date|1900|1|2}} => January 2, 1900
{{birth date and age|1950|3|8|df=yes}} => 8 March 1950
{{death date and age|2000|3|4|1920|5|6}} => March 4, 2000 (aged 79)
{{Death year and age|2000|1920}} => 2000 (aged 79–80)
{{age|1950|3|8}} => 64
{{age|1900|1|1|1950|1|1}} => 50
{{age in days|2000|1|1|2000|3|1}} => 60
{{start date|2010|5}} => May 2010
{{film date|2010|5|1|Cannes}} => May 1, 2010 (Cannes)
{{dts|2010-05-01}} => May 1, 2010
{{as of|2010|5}} => As of May 2010
{{as of|2010|5|1|lc=y}} => as of 1 May 2010
{{circa|1900|1910}} => c. 1900 – c. 1910
{{reign|1900|1910}} => r. 1900–1910
{{lang|fr|noix}} => noix
{{langx|la|nux|lit=nut}} => Latin: nux, lit. ‘nut’
{{lang-ru|Москва|Moskva}} => Russian: Москва, Moskva
{{transl|ja|ISO|kurumi}} => kurumi
{{nihongo|Walnut|胡桃|kurumi}} => Walnut (胡桃, kurumi)
{{zh|c=中文|p=Zhōngwén}} => Chinese: 中文; pinyin: Zhōngwén
{{IPA|[nwa]}} => [nwa]
{{IPA|fr|nwa}} => [nwa]
{{IPAc-en|ˈ|w|ɔː|l|n|ʌ|t}} => /ˈwɔːlnʌt/
{{coord|51|30|26|N|0|7|39|W|display=inline,title}} => 51°30′26″N 0°7′39″W
{{coord|51.5|-0.13}} => 51.5°N 0.13°W
{{coord|1|2|N|3|4|E|display=title}} =>
{{ill|Jean Noix|fr|Jean Noix (acteur)|lt=J. Noix}} => J. Noix
{{nowrap|1=a=b}} => a=b
{{ Nowrap
| y }} => y
{{plural|2|page}} => 2 pages
{{plural:1|page|pages}} => page
{{ordinal|22}} => 22nd
{{formatnum:1234567.89}} => 1,234,567.89
{{FORMATNUM:18}} => 18
{{formatNum:1,234|R}} => 1234
{{nts|12345}} => 12,345
{{#if:x|yes|no}} => yes
{{#if: |yes|no}} => no
{{#ifeq:1|1.0|same|other}} => same
{{#switch:b|a=1|b|c=2|#default=3}} => 2
{{#switch:z|a=1|9}} => 9
{{#expr:2*(3+4)^2 round 1}} => 98
{{#ifexpr:2>1|big|small}} => big
{{#iferror:{{#expr:1/0}}|bad|good}} => good
{{CURRENTYEAR}} => 2015
{{#time:j F Y|2010-05-01}} => 1 May 2010
{{PAGENAME}} => Walnut
{{lc:ABC}} {{ucfirst:abc}} {{padleft:7|3}} => abc Abc 007
{{#language:fr}} => French
{{birth date|1990|00111|4}} => 00111 4, 1990
{{birth date|1990|0005|4}} => May 4, 1990
{{monthname|00111}} => 00111
{{ordinal|२२}} => २२nd
{{#invoke:Math|max|1}} =>
{{subst:nowrap|x}} {{Template:nowrap|z}} => x z
{{USS|Nimitz|CVN-68}} => USS Nimitz (CVN-68)
{{HMS|Hood|51|6}} => Hood
{{chem|S|O|4|2-}} {{chem2|H2O}} => SO₄²⁻ H₂O
<chem>H2SO4</chem> <ce>2H2 + O2 -> 2H2O</ce> => H₂SO₄ 2H₂ + O₂ → 2H₂O
{{e|5}} {{10^|-3}} => ×10⁵ 10⁻³
{{currency|5|USD}} {{currency|7|XAF}} => US$5 XAF 7
{{US$|5 million}} {{INR}}200 => US$5 million ₹200
{{angbr|a}} {{"|quoted}} => ⟨a⟩ “quoted”
B{{music|b}}, {{music|time|3|4}} => B♭, 3/4
{{marriage|Ann|1990|2000}} => Ann (m. 1990–2000)
{{sortname|Ann|Lee}} {{sort|007|seven}} => Ann Lee seven
{{hlist|a|b|c}} => a, b, c
{{flag|France}} {{GER}}{{flagicon|GER}} => France Germany
{{harvtxt|Smith|1990}}{{sfn|Smith|1990}}{{efn|note}}{{citation needed|date=May}} => Smith (1990)
$5 (or $7, {{inflation|US|5|1990}} then) => $5
{{lang|fr|{{nowrap|a {{lang|de|b}}}}}} => a b
{{{1|default}}} {{{x}}} => default
{{|lost}} =>
{{unknown box|a|b}} =>
the {{höjd|45}} tower => the 45 tower
the {{höjd|45|m}} tower => the 45 m tower
tower.{{fotnot|3}} => tower.
"""


@pytest.mark.parametrize("row", [row for row in ROWS.replace("\n| y", "| y").strip().split("\n")])
def test_a_template_shows(row):
    markup, _, expected = row.partition(" =>")
    assert shown(markup) == expected.strip()


@pytest.mark.parametrize(
    ("language", "markup", "expected"),
    [
        ("de", "{{formatnum:1234567.5}}", "1.234.567,5"),
        ("fr", "{{formatnum:12345}}", "12\u00a0345".replace("\u00a0", " ")),
        ("fr", "{{date|1|janvier|1900}}", "1 janvier 1900"),
        ("fr", "{{s|XIX}} {{XXe siècle}}", "XIXe siècle XXe siècle"),
        ("fr", "{{unité|12|km}}", "12 km"),
        ("es", "{{fecha|5|3|1990}}", "5 de marzo de 1990"),
        ("de", "{{lang-fr|noix}}", "noix"),
        ("ja", "{{birth date|1950|4|3}}", "1950年4月3日"),
        ("ru", "{{birth date|1950|4|3}}", "3 апреля 1950"),
    ],
)
def test_a_template_shows_it_in_the_language_of_its_wiki(language, markup, expected):
    assert shown(markup, language) == expected


@pytest.mark.parametrize(
    ("expression", "value"),
    [("1+2*3", 7), ("-2^2", 4), ("7 mod 3", 1), ("1 round 0", 1), ("2.345 round 2", 2.35), ("not 0 and 1", 1), ("2e3",
    2000),
     ("(1", None), ("1/0", None), ("", None), ("abc", None), ("(" * 100 + "1" + ")" * 100, None), ("9^9^9^9", None)],
)  # fmt: skip
def test_expressions(expression, value):
    assert expression_value(expression) == (value if value is None else pytest.approx(value))


def test_numbers_are_printed_without_needless_zeros():
    assert [number_text(each) for each in (3.0, 0.5, 1e20)] == ["3", "0.5", "1E+20"]


NUMBERED = """
{{ordinal|N}} {{padleft:7|N}} {{#titleparts:a/b|N}} {{#time:Y|N}} {{#time:Y|5 May N}} {{#expr:N}} {{#expr:1 round N}}
{{birth date|N|5|4}} {{birth date|1990|N|4}} {{birth date|1990|5|N}} {{monthname|N}} {{death year and age|N|N}}
{{death date and age|N|N|N|N|N|N}} {{film date|N|N|N}} {{date|N|N|N}} {{as of|N|N}} {{age|N|1|1}} {{age|1990|1|N}}
{{age in days|1990|N|1}} {{dts|N-1-1}} {{formatnum:N}} {{plural:N|a|b}} {{convert|N|km}} {{convert|1|eNkm}}
{{val|N|e=N}} {{pop density|N|N|km2|prec=N}} {{chem|H|N}} {{duration|N|N}} {{frac|N|N|N}} {{coord|N|N}} {{sup|N}}
"""


@pytest.mark.parametrize("number", ["²", "٣", "9" * 20, "9" * 5000], ids=["raised", "arabic", "20", "5000"])
def test_what_looks_like_a_number_costs_no_article(number):
    for markup in NUMBERED.replace("N", number).replace("}} {{", "}}\n{{").split("\n")[1:-1]:
        assert article_text(f"So {markup} is").startswith("So")
