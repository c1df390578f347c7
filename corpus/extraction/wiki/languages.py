"""Names of languages by their codes, in English: `{{langx|la|nux}}` shows "Latin: nux"."""

_LISTED = """
af Afrikaans, akk Akkadian, als Alemannic, am Amharic, an Aragonese, ang Old English, ar Arabic, arc Aramaic,
as Assamese,
ast Asturian, az Azerbaijani, ba Bashkir, bar Bavarian, be Belarusian, ber Berber, bg Bulgarian, bn Bengali,
bo Tibetan,
br Breton, bs Bosnian, ca Catalan, ce Chechen, ceb Cebuano, chr Cherokee, co Corsican, cop Coptic, cs Czech,
cu Church Slavonic, cv Chuvash, cy Welsh, da Danish, de German, dv Divehi, egy Egyptian, el Greek, en English,
enm Middle English, eo Esperanto, es Spanish, et Estonian, eu Basque, fa Persian, fi Finnish, fil Filipino, fo Faroese,
fr French, fro Old French, frm Middle French, fur Friulian, fy West Frisian, ga Irish, gd Scottish Gaelic, gl Galician,
gn Guarani, goh Old High German, got Gothic, grc Ancient Greek, grc-gre Greek, gsw Swiss German, gu Gujarati, gv Manx,
ha Hausa, haw Hawaiian, he Hebrew, hi Hindi, hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, ia Interlingua,
id Indonesian, ig Igbo, io Ido, is Icelandic, it Italian, ja Japanese, jv Javanese, ka Georgian, kk Kazakh, km Khmer,
kn Kannada, ko Korean, ku Kurdish, kw Cornish, ky Kyrgyz, la Latin, lad Judaeo-Spanish, lb Luxembourgish, lmo Lombard,
lo Lao, lt Lithuanian, lv Latvian, mg Malagasy, mi Māori, mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi,
ms Malay,
mt Maltese, my Burmese, nah Nahuatl, nap Neapolitan, nb Norwegian, nds Low German, ne Nepali, nl Dutch, nn Norwegian,
no Norwegian, non Old Norse, nv Navajo, oc Occitan, or Odia, os Ossetian, ota Ottoman Turkish, pa Punjabi,
peo Old Persian,
pi Pali, pl Polish, pms Piedmontese, ps Pashto, pt Portuguese, qu Quechua, rm Romansh, ro Romanian, rom Romani,
ru Russian,
sa Sanskrit, sc Sardinian, scn Sicilian, sco Scots, sd Sindhi, se Northern Sami, sh Serbo-Croatian, si Sinhala,
sk Slovak,
sl Slovene, sm Samoan, so Somali, sq Albanian, sr Serbian, su Sundanese, sux Sumerian, sv Swedish, sw Swahili,
syr Syriac, ta Tamil, te Telugu, tg Tajik, th Thai, tk Turkmen, tl Tagalog, tpi Tok Pisin, tr Turkish, tt Tatar,
ug Uyghur,
uk Ukrainian, ur Urdu, uz Uzbek, vec Venetian, vi Vietnamese, wa Walloon, xh Xhosa, yi Yiddish, yo Yoruba,
yue Cantonese,
zh Chinese, zu Zulu
"""
LANGUAGES = {code: name for code, _, name in (entry.strip().partition(" ") for entry in _LISTED.split(","))}
