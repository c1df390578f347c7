"""Templates whose text follows from a table: those that show a parameter, all of them joined, or a text of their own.

Names are in lower case; several languages stand side by side, because a name means the same in each.
"""

from corpus.extraction.wiki.names import names

# Show their first parameter: {{nowrap|5 km}}. Not s, nom, rev, ruby and tl, which mean several things.
FIRST = names("""
math, mvar, nowrap, nobr, small, smaller, big, larger, nobold, noitalic, sc, sc1, smallcaps, small caps, abbr,
abbrlink,
tooltip, em, strong, iast, unicode, script, link-interwiki, visible anchor, vanchor, sic, not a typo, typo, as written,
key press, keypress, key, flag, flagcountry, flagu, flag country, isotope, mono, code, kbd, var, strikethrough,
underline,
baseball year, mlby, nfl year, midsize, center, no wrap, avoid wrap, dfn, tt, samp, langue, main other, asof year,
nihongo2, longitem, nowrap small, small nowrap, nwr, allow wrap, pad, blue, red, green, highlight, hilite, mark,
larger,
overline, du, native name list, plain text, text, font, huge, normal, span, div, chart text, wbr, bold, b, i, italic,
italics, title, italics title, caps, allcaps, uppercase, birth-date, death-date, birth-date and age,
death-date and age,
start-date, end-date, formatdate, fecha, h:, nastaliq, lang-nastaliq, hebrew, script/hebrew, script/arabic, polytonic,
grek, arab, cyrl, hani, jpan, kana, hira, deva, lsj, verse translation, transcluded text, citation needed span,
cn span,
fact span, dubious span, clarify span, linktext, wikt, wiktlat, wikilink, page link, article link, pagelink, ensemble,
abréviation, abréviation discrète, petit, grand, sc2, s-link, unicode 1.0, chinese, zh-cn, pinyin, hanja,
code inline, codes, pre inline, big2, mp, format, nts2, sorti, sortdate, iso date, snamei, noflag,
texte, gras, italique, nombre, esc, versal, kapitälchen, angle, transkr, тр, перевод, нет аи, число, abbrev, kbd2
""")
# Their second: {{lang|la|nux}}.
SECOND = names("""
lang, font color, font colour, color, colour, text color, wikt-lang, hover title, h:title, sort, hs2, tdl, script2,
background color, bgcolor, fontcolor, farbe, couleur, lang2, wp, cls, fgcolor, resize2, columns-list2
""")
LAST = names(  # their last
    "transl, transliteration, tlit, translit, resize, rtl-lang, columns-list, div col content, umschrift, size"
)
SHIPS = names(
    "uss, hms, ss, mv, rms, hmas, hmcs, hmnzs, ins, sms, usns, usat, usrc, uscgc, ms, mt, ps, rfa, hmt, rv, nrp"
)
# All of them, joined by this.
JOINED = {
    **dict.fromkeys(names("hlist, comma separated entries, cslist, cvslist, csl, enum, flatlist"), ", "),
    **dict.fromkeys(names("plainlist, unbulleted list, ubl, vunblist, indented plainlist, ublist, br list"), "\n"),
    **dict.fromkeys(names("gaps, bartable"), ""),
    **dict.fromkeys(
        names("unité, unité/2, unidad, unidade, nb, fmtn, fmt, bibleverse, bibleref, bibleref2, bibleverse-nb"), " "
    ),
    **dict.fromkeys(names("nuclide, nuclide2, simplenuclide, simplenuclide2, respell"), "-"),
    **dict.fromkeys(names("rating, stars"), "/"),
    **dict.fromkeys(names("dash range, ran, range"), "–"),
    **dict.fromkeys(names("sortname, sorter, nombre ordenable"), " "),
}
# A text without parameters.
FIXED = {
    **dict.fromkeys(("ndash", "en dash", "–", "endash", "halbgeviertstrich"), "–"),
    **dict.fromkeys(("snd", "spnd", "sndash", "spaced ndash", "spaced en dash", "spaced en dash space", "dash", "–-"),
    " – "),
    **dict.fromkeys(("mdash", "em dash", "—", "emdash"), "—"),
    **dict.fromkeys(("mdashb", "spaced mdash", "spaced em dash", "snds", "smdash"), " — "),
    **dict.fromkeys(("nbsp", "spaces", "space", "thinsp", "thin space", "sp", "hair space", "hsp", "0", "\\", "zwsp",
    "nnbsp"), " "),
    **dict.fromkeys(("·", "•", "dot", "middot", "bullet", "*", "int."), " · "),
    **dict.fromkeys(("'", "okina", "ʻokina", "`okina", "hamza", "'-", "-'", "apostrophe", "ayin"), "'"),
    **dict.fromkeys(("pipe", "bar", "vert"), "|"),
    **dict.fromkeys(("dagger", "†"), "†"),
    **dict.fromkeys(("double-dagger", "double dagger", "‡"), "‡"),
    **{"'s": "'s", "' \"": "' \"", "\" '": "\" '", "'\"": "'\"", "\"'": "\"'", "-\"": "\"", "\"-": "\"", "=": "="},
    **{"times": "×", "minus": "−", "pi": "π", "+-": "±", "±": "±", "degree": "°", "deg": "°", "prime": "′"},
    **{"pprime": "″"},
    **{"carbon": "C", "hydrogen": "H", "oxygen": "O", "nitrogen": "N", "co2": "CO₂", "h2o": "H₂O", "infin": "∞"},
    **{"xx": "×"},
    **{"increase": "▲", "decrease": "▼", "steady": "▬", "increasenegative": "▲", "decreasepositive": "▼"},
    **{"tick": "✓", "check": "✓", "check mark": "✓", "aye": "✓", "cross": "✗", "x mark": "✗", "smiley": ""},
    **{"'''": "", "(!": "{|", "!)": "|}", "!-": "|-", "!!": "||", "!(": "[", "))": "}}", "((": "{{", "(": "{"},
    **{")": "}"},
    **{"av jc": "av. J.-C.", "ap jc": "apr. J.-C.", "av. j.-c.": "av. J.-C.", "1er": "1er", "1re": "1re"},
    **{"n. chr.": "n. Chr."},
    **{"v. chr.": "v. Chr.", "m.": "M.", "mme": "Mme", "mlle": "Mlle", "dr": "Dr", "shy": "", "zwj": "\u200d"},
    **{"zwnj": "\u200c"},
    **{"gr.": "gr.", "lat.": "lat.", "dots": "…", "ellipsis": "…", "...": "…", "asterisk": "*", "hash": "#"},
    **{"colon": ":", "lsqb": "["},
    **{"rsqb": "]", "euro sign": "€", "(c)": "©", "copy": "©", "reg": "®", "trade": "™", "hyphen": "-"},
    **{"nbhyph": "-", "nbd": "–"},
}  # fmt: skip
# The text of a cell, unless the first parameter says another.
CELLS = {
    "yes": "Yes", "no": "No", "partial": "Partial", "n/a": "N/A", "na": "N/A", "won": "Won", "nom": "Nominated",
    "tba": "TBA",
    "tbd": "TBD", "dunno": "?", "pending": "Pending", "unknown": "Unknown", "active": "Active", "some": "Some",
    "any": "Any",
    "rarely": "Rarely", "depends": "Depends", "free": "Free", "nonfree": "Non-free", "proprietary": "Proprietary",
    "good": "Good", "bad": "Bad", "okay": "Okay", "sho": "Shortlisted", "ya": "Yes", "yes2": "Yes", "no2": "No",
    "y": "Yes",
    "runner-up": "Runner-up", "beta": "Beta", "sunk": "Sunk", "damaged": "Damaged", "unofficial": "Unofficial",
}  # fmt: skip
# A text, then the first parameter: {{US$|5}}. AROUND: texts on both sides.
BEFORE = {
    **dict.fromkeys(("us$", "usd", "us dollar"), "US$"),
    **dict.fromkeys(("£", "gbp", "pound sterling"), "£"),
    **dict.fromkeys(("€", "euro", "eur"), "€"),
    **dict.fromkeys(("inr", "indian rupee", "₹", "indian rupees"), "₹"),
    **dict.fromkeys(("a$", "aud", "au$"), "A$"),
    **dict.fromkeys(("¥", "jpy", "cny", "rmb", "yen"), "¥"),
    **dict.fromkeys(("php", "philippine peso", "₱"), "₱"),
    **dict.fromkeys(("krw", "south korean won", "₩"), "₩"),
    **dict.fromkeys(("c$", "cad", "ca$"), "C$"),
    **{"nz$": "NZ$", "nzd": "NZ$", "hk$": "HK$", "s$": "S$", "nt$": "NT$", "ntd": "NT$", "r$": "R$", "brl": "R$"},
    **{"$": "$", "p.": "p. "},
    **{"vol.": "Vol. ", "no.": "No. ", "n°": "nº ", "numéro": "nº ", "sqrt": "√", "radic": "√", "delta": "Δ"},
    **{"§": "§ ", "pp.": "pp. "},
    **{"op.": "Op. ", "bwv": "BWV ", "k.": "K. ", "ngc": "NGC ", "mesh": "MeSH ", "issue": "issue "},
    **{"siglo": "siglo "},
}  # fmt: skip
AROUND = {
    **dict.fromkeys(("angbr", "angle bracket", "angbr ipa", "grapheme"), ("⟨", "⟩")),
    **dict.fromkeys(("bracket", "brackets", "sqb"), ("[", "]")),
    **dict.fromkeys(("braces", "mset", "brace"), ("{", "}")),
    **dict.fromkeys(("abs", "pipes", "mabs"), ("|", "|")),
    **dict.fromkeys(("quote inline", "qi", "quoted", '"', "dq", "quotation inline", "''"), ("“", "”")),
    **dict.fromkeys(("gloss", "single quotes", "sq", "literal translation inline"), ("‘", "’")),
    **dict.fromkeys(("parentheses", "par", "parens"), ("(", ")")),
    **{"guillemets": ("« ", " »"), "norm": ("‖", "‖"), "bra-ket": ("⟨", "⟩"), "bra": ("⟨", "|"), "ket": ("|", "⟩")},
    **{"floor": ("⌊", "⌋")},
    **{"ceil": ("⌈", "⌉"), "phoneme": ("/", "/"), "ipaslink": ("/", "/"), "ipablink": ("[", "]"), "ma": ("", " Ma")},
    **{"mya": ("", " million years ago")},
    **{"bya": ("", " billion years ago"), "ya2": ("", " years ago"), "%": ("", "%"), "percent": ("", "%")},
    **{"°c": ("", " °C")},
}  # fmt: skip
QUOTES = names(
    "quote, blockquote, quotation, cquote, quote box, quotebox, bq, bquote, poemquote, poem quote, zitat, cita,"
    " citation bloc,"
    " quote frame, centered pull quote, pull quote, rquote, début citation, citazione, cytat, цитата, verse, poem,"
    " poème, citaat,"
    " blockquote inline, block quotation, quote text, lyric, citat, cita larga, bloc citation"
)
# Not and, den, mon, par, per and us: words of other languages, or templates of other meaning.
COUNTRIES = {
    code: name for code, _, name in (entry.strip().partition(" ") for entry in """
    afg Afghanistan, alb Albania, alg Algeria, ang Angola, arg Argentina, arm Armenia, aus Australia,
    aut Austria,
    aze Azerbaijan, ban Bangladesh, bel Belgium, bih Bosnia and Herzegovina, blr Belarus, bol Bolivia, bra Brazil,
    bul Bulgaria, can Canada, chi Chile, chl Chile, chn China, civ Ivory Coast, cmr Cameroon, col Colombia,
    crc Costa Rica, cro Croatia,
    cub Cuba, cyp Cyprus, cze Czech Republic, dnk Denmark, dom Dominican Republic, ecu Ecuador,
    egy Egypt, eng England, esp Spain,
    est Estonia, eth Ethiopia, fin Finland, fra France, gbr Great Britain, geo Georgia, ger Germany, deu Germany,
    gha Ghana, gre Greece, grc Greece,
    hkg Hong Kong, hon Honduras, hun Hungary, idn Indonesia, ina Indonesia, ind India, iri Iran, irn Iran,
    irl Ireland, irq Iraq, isl Iceland,
    isr Israel, ita Italy, jam Jamaica, jor Jordan, jpn Japan, kaz Kazakhstan, ken Kenya, kor South Korea, kos Kosovo,
    ksa Saudi Arabia, kuw Kuwait, lat Latvia, lib Lebanon, ltu Lithuania, lux Luxembourg, mar Morocco, mas Malaysia,
    mda Moldova,
    mex Mexico, mkd North Macedonia, mlt Malta, mne Montenegro, ned Netherlands, nld Netherlands,
    ngr Nigeria, nir Northern Ireland, nor Norway,
    nzl New Zealand, pak Pakistan, phi Philippines, pol Poland, por Portugal, prk North Korea,
    pur Puerto Rico,
    qat Qatar, rom Romania, rou Romania, rsa South Africa, zaf South Africa, rus Russia, sco Scotland, sen Senegal,
    sgp Singapore, sin Singapore, slo Slovenia,
    srb Serbia, sui Switzerland, che Switzerland, svk Slovakia, svn Slovenia, swe Sweden, tha Thailand,
    tpe Chinese Taipei, tto Trinidad and Tobago, tun Tunisia,
    tur Turkey, uae United Arab Emirates, ukr Ukraine, urs Soviet Union, uru Uruguay, usa United States,
    uzb Uzbekistan, ven Venezuela,
    vie Vietnam, vnm Vietnam, wal Wales, yug Yugoslavia, zim Zimbabwe, uk United Kingdom
    """.split(","))
}  # fmt: skip
