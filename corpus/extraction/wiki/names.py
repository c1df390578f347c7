"""Names of the apparatus in wikis of many languages: sections, namespaces, templates and titles that are no prose.

The names of a dump's own namespaces stand in its head, and `corpus.readers.mediawiki.articles` puts the English ones
in place of those of files and categories; the list here is for texts without a head. Everything is lower case.
"""

import re


def names(listed: str) -> frozenset[str]:
    """The names of a list, separated by commas; lower case, without blanks at the ends."""
    return frozenset(name.strip().casefold() for name in listed.split(",") if name.strip())


# Headings of sections that are no prose: sources, links, galleries.
APPARATUS = names("""
References, Notes, Footnotes, Citations, Sources, Bibliography, Further reading, External links, See also,
Notes and references, References and notes, Notes and citations, Works cited, General references, Gallery, Footnote,
Reference, External link, References and further reading, Image gallery, Explanatory notes,
Einzelnachweise, Weblinks, Literatur, Siehe auch, Quellen, Anmerkungen, Belege, Fußnoten, Nachweise, Galerie,
Références, Notes et références, Voir aussi, Liens externes, Bibliographie, Annexes, Articles connexes, Lien externe,
Referencias, Enlaces externos, Véase también, Bibliografía, Notas, Fuentes, Notas y referencias, Galería, Note,
Bibliografia, Voci correlate, Altri progetti, Collegamenti esterni, Referências, Ligações externas, Ver também,
Referenties, Externe links, Externe link, Zie ook, Bronnen, noten en/of referenties, Literatuur, Voetnoten, Przypisy,
Linki zewnętrzne, Zobacz też, Uwagi, Примечания, Ссылки, См. также, Литература, Источники, Галерея, Примітки,
Посилання, Література, Див. також, Джерела, Referenser, Externa länkar, Se även, Källor, Litteratur, Noter,
Referanser, Eksterne lenker, Se også, Kilder, Eksterne henvisninger, Lähteet, Aiheesta muualla, Katso myös, Viitteet,
Externí odkazy, Související články, Literatura, Poznámky, Jegyzetek, Források, Külső hivatkozások,
További információk, Kapcsolódó szócikkek, Kaynakça, Dış bağlantılar, Ayrıca bakınız, Legături externe, Vezi și,
Παραπομπές, Εξωτερικοί σύνδεσμοι, Πηγές, Δείτε επίσης, 脚注, 出典, 参考文献, 外部リンク, 関連項目, 注釈, 関連文献,
参考资料, 參考資料, 参考文獻, 外部链接, 外部連結, 参见, 參見, 注释, 註釋, 延伸阅读, 각주, 외부 링크, 같이 보기,
참고 문헌, مراجع, المراجع, وصلات خارجية, انظر أيضا, انظر أيضًا, הערות שוליים, קישורים חיצוניים, ראו גם, منابع,
پیوند به بیرون, Tham khảo, Liên kết ngoài, Xem thêm, Chú thích, Referensi, Pranala luar, Lihat pula, Catatan kaki
""")
CHAPTERS = names("literatur, literatura, литература, література, litteratur, literatuur")  # prose below level 2
# Link prefixes that show a picture or file a page away; ":" before them makes a plain link.
HIDDEN = names("""
file, image, media, category, datei, bild, kategorie, fichier, catégorie, archivo, imagen, categoría, immagine,
categoria, ficheiro, imagem, arquivo, bestand, afbeelding, categorie, plik, grafika, kategoria, файл, изображение,
категория, зображення, категорія, fil, kategori, tiedosto, kuva, luokka, soubor, kép, fájl, kategória, dosya, resim,
fișier, imagine, αρχείο, εικόνα, κατηγορία, ファイル, 画像, カテゴリ, 文件, 檔案, 档案, 图像, 圖像, 分类, 分類, 파일,
그림, ملف, صورة, تصنيف, קובץ, תמונה, קטגוריה, پرونده, رده, tập tin, hình, thể loại, berkas, slika, kategorija, attēls,
kategoreja, vaizdas, pilt, fitxer, imatge, 분류, चित्र, श्रेणी, ไฟล์, หมวดหมู่, կատեգորիա, კატეგორია, kateqoriya, санат,
категорија, катэгорыя, kategorio, catagóir,
categori, rummad, flokkur, bólkur, turkum, төркем, বিষয়শ্রেণী, பகுப்பு, వర్గం, വർഗ്ഗം, ವರ್ಗ, वर्ग, زمرہ, kategooria,
jamii,
ангилал, kategorya, ចំណាត់ថ្នាក់ក្រុម, ကဏ္ဍ, ໝວດ, መደብ, קאַטעגאָריע, ਸ਼੍ਰੇਣੀ, શ્રેણી, categoría, datoteka,
датотека, lêer, delwedd
""")
DISAMBIGUATION = names("""
disambiguation, disambig, disamb, dab, hndis, geodis, letter-number combination disambiguation,
airport disambiguation, begriffsklärung, homonymie, patronymie, toponymie, desambiguación, desambig, desambiguação,
desambiguació, disambigua, doorverwijspagina, dp, ujednoznacznienie, неоднозначность, disambig-term, багатозначність,
förgrening, täsmennyssivu, rozcestník, rozlišovací stránka, egyértelmű, egyért-redir, anlam ayrımı, anlamayrımı,
dezambiguizare, αποσαφήνιση, aimai, 曖昧さ回避, 人名の曖昧さ回避, 消歧义, 消歧義, 消歧義頁, 동음이의, 동음이의어 문서,
توضيح, صفحة توضيح, פירושונים, ابهام‌زدایی, trang định hướng, định hướng, disambiguasi, višeznačna odrednica, peker,
flertydig, nozīmju atdalīšana, paronymie, homophonie, aðgreining, argipen, apartigilo, razdvojba, razločitev,
вишезначна одредница, пояснение, täpsustuslehekülg, täpsustus, homónimos, nyahkekaburan, discretiva, բազմիմաստություն,
երկիմաստ, बहुविकल्पी शब्द, দ্ব্যর্থতা নিরসন, แก้ความกำกวม, แก้กำกวม, பக்கவழி நெறிப்படுத்தல், அயோமயநிவர்த்தி, айрық,
неадназначнасць, მრავალმნიშვნელოვანი, dəqiqləşdirmə, ma'nolari, kthjellim, gwahaniaethu, idirdhealú, maghlamin
""")
# "List of rivers", also where the word stands last: 川の一覧.
LIST_TITLE = re.compile(
    r"(?:lists? of|index of|outline of|liste (?:der|von|des|de|d')|lista (?:de|di|över|över)|elenco|anexo:|lijst van"
    r"|список|seznam|luettelo|danh sách|daftar|قائمة|רשימת)\b|.*(?:の?一覧|列表|목록)$",
    re.IGNORECASE,
)
# Templates that show nothing in prose: citations, notes, notices, navigation, pictures, switches of layout.
SILENT_PREFIXES = (
    "cite ", "cite-", "citation needed", "citation requise", "sfn", "harvid", "sfnref", "ref ", "ref-", "infobox",
    "navbox",
    "pp-", "use ", "r ", "rp ", "see also", "main ", "further ", "portal", "commons", "wikisource", "wikiquote",
    "wikibooks",
    "wiktionary", "wikivoyage", "wikinews", "wikispecies", "wikiversity", "sister", "s-", "toc", "col-", "div col",
    "better source", "importance ",
    "unreferenced", "refimprove", "expand ", "cleanup", "disputed", "dubious", "unreliable", "self-published",
    "verify", "page need",
    "pages need", "full citation", "when ", "according to whom", "by whom", "weasel", "vague", "taxobox",
    "automatic taxobox", "ficha de",
    "bots", "dead link", "webarchive", "lien web", "lien brisé", "ouvrage", "article court", "cita web", "cita libro",
    "cita news", "internetquelle",
    "literatur", "référence", "référence nécessaire", "citar ", "cytuj ", "книга", "статья", "публикация", "cite:",
    "chart/", "chart ", "tree chart",
    "familytree", "election box", "weather box", "graph:", "graph ", "location map", "flagicon", "#tag:ref",
    "inflation-fn", "inflation-year",
    "editnotice", "article issues", "multiple issues", "update", "notice", "stub", "ambox", "mbox",
    "authority control", "normdaten",
)  # fmt: skip
SILENT = names("""
cite, citation style, ref, refn, efn, efn-ua, efn-lr, note, notetag, r, rp, fn, fnb, mn, ref label, note label, cref,
cref2, cnote, cnote2, reflist,
refbegin, refend, reference, references, notelist, cn, fact, clarify, clarify inline, who, which, where, when, why,
how, whom, dn, af, inline, pn, page,
specify, examples, elucidate, better source needed, failed verification, verification needed,
original research inline, or, synthesis inline, pov,
undue inline, peacock inline, anchor, anchors, anker, ancre, clear, clear left, clear right, clr, -, br, main,
main article, main articles, see, see below,
see above, further, details, about, for, other uses, other people, redirect, redirect2, distinguish,
not to be confused with, hatnote, selfref, confused,
hauptartikel, siehe auch, article détaillé, articles détaillés, voir homonymes, homonymie, voir aussi,
artículo principal, ap, véase también, otros usos,
vedi anche, nota disambigua, artigo principal, ver também, hoofdartikel, zie ook, zie hoofdartikel, główny artykuł,
zobacz też, основная статья,
см. также, huvudartikel, multiple image, double image, triple image, wide image, tall image, image frame, image label,
image map, css image crop, audio, listen, video,
external media, external video, legend, legend0, legend2, leftlegend, rightlegend, flagdeco, flag icon, flagicon,
country flag, decade link, official website, official,
official site, imdb name, imdb title, find a grave, dmoz, curlie, isbn, issn, oclc, doi, bibcode, pmid, jstor, arxiv,
hdl, worldcat, worldcat id, openlibrary, internet archive author,
gutenberg author, librivox author, ol author, google books, wayback, wikia, fr icon, en icon, de icon, es icon,
it icon, ru icon, pt icon, ja icon,
nl icon, pl icon, sv icon, zh icon, ar icon, he icon, ko icon, la icon, ca icon, in lang, lang icon, language icon,
icon, link fa, link ga, good article, featured article,
coord missing, short description, italic title, displaytitle, lowercase title, lowercase, title language, engvarb,
nohlist, hs, sortkey, ntsh, dtsh, ntss, sort key, hidden begin,
hidden end, hidden, collapse top, collapse bottom, begin, end, start, columns-start, column, colbegin, colend,
col-begin, col-end, multicol, multicol-break, multicol-end, div end,
columns-end, end div col, nowrap begin, nowrap end, nbsp begin, wrap, wbr2, nobots, fixhtml, bar box, clade,
cladogram, chart, tree list, tree list/end, ahnentafel, campaignbox,
sidebar, succession box, sfnm, harv, harvs, harvp, harvcol, vcite, vcite book, vcite web, cit, cite web, anchorencode,
refname, tone, chess diagram, chessboard, position map,
football box, footballbox, fb cl team, rws, 4teambracket, 8teambracket, 16teambracket, start box, end box, s-start,
s-end, librivox book, goodreads, youtube, twitter, facebook,
instagram, citeer web, citeer boek, cite book, cytuj, cytat ref, odkaz, nota, notas, sic2, quelle, belege,
belege fehlen, überarbeiten, lückenhaft, begriffsklärungshinweis,
dieser artikel, redirect-distinguish, sp-portal, zusitat, épreuve, ébauche, à sourcer, sources secondaires,
pas d'interlien moyen, refnec, refsou, passage promotionnel, quand, qui,
où, lesquels, réf. souhaitée, pertinence, cita requerida, cr, senza fonte, citazione necessaria, carece de fontes,
bron?, fakt, źródło, источник?, нет источника, уточнить
""")
