"""What wikis of many languages call their apparatus: sections, namespaces, templates and titles that are no prose.

The names of a dump's own namespaces stand in its head, and `corpus.readers.mediawiki.articles` puts the English ones
in place of those of files and categories; the list here is for texts that come without a head. Everything is lower
case.
"""

import re


def names(listed: str) -> frozenset[str]:
    """The names of a list, parted by commas; lower case, without blanks at the ends."""
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
kategoreja, vaizdas, pilt, fitxer, imatge, 분류, चित्र, श्रेणी, ไฟล์, หมวดหมู่
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
LIST_TITLE = re.compile(
    r"(?:lists? of|index of|outline of|liste (?:der|von|des|de|d')|lista (?:de|di|över|över)|elenco|anexo:|lijst van"
    r"|список|seznam|luettelo|danh sách|daftar|قائمة|רשימת)\b|.*(?:の?一覧|列表|목록)$",
    re.IGNORECASE,
)
