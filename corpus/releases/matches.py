"""The rows of a release to be forgotten: those asked for, the copies of their texts, and requests that match nothing.

Whoever asks for a page to be forgotten asks for its text. So documents with the same text, and those that resemble it
(one near-duplicate cluster), are found too, under whatever address they stand: if the page went and its copy stayed,
the copy would step into its place.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from corpus.block_lists import find_domain
from corpus.dedup.exact import text_key
from corpus.files.manifest import open_published, read_manifest
from corpus.releases.figures import CORPORA
from corpus.releases.tombstones import IDS, URLS, Tombstones
from corpus.urls import address_or_raw

_TABLES = ("kept/", "rejected/", "links_without_page.parquet")
_PIECE, _PIECES = 100, 8  # characters of a piece; pieces of a text
_COLUMNS = (*sorted(IDS | URLS), "text")


@dataclass
class ForgottenRows:
    """`documents` maps the id of each document asked for to its URL, `copies` those of its text.

    `pieces` are cut out of the texts, to search for; `texts` are their digests.
    """

    asked: Tombstones
    documents: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    clusters: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    pieces: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)

    def look(self, table: pa.Table) -> int:
        """Note the rows of a table that are asked for; how many there are."""
        rows = table.filter(pa.array(self.asked.rows(table))).to_pylist()
        for row in rows:
            self._note(row)
        return len(rows)

    def look_beside(self, table: pa.Table) -> None:
        """Note which domains and pages asked for stand in a table that is no release's."""
        for row in table.filter(pa.array(self.asked.rows(table, with_texts=False))).to_pylist():
            self._note_addresses(row)

    def _note(self, row: Mapping[str, str | None]) -> None:
        identity = row.get("id") or row.get("doc_id")
        if identity:
            self.documents[identity] = row.get("url") or ""
            self.clusters.update(filter(None, [row.get("cluster")]))
            self._note_text(row.get("text") or "")
        self._note_addresses(row)

    def _note_addresses(self, row: Mapping[str, str | None]) -> None:
        for url in filter(None, (row.get(name) for name in URLS)):
            where = address_or_raw(url)
            self.domains.update(filter(None, [find_domain(where.host, frozenset(self.asked.domains))]))
            self.pages.update({where.surt} & {*self.asked.pages})

    def _note_text(self, text: str) -> None:
        if text.strip():
            self.texts.add(text_key(text))
            self.pieces.update(pieces_of(text))

    def look_for_copies(self, table: pa.Table) -> None:
        """Note the rows with a text of those found, or of their clusters."""
        for row in table.to_pylist():
            if row["id"] in self.documents or not row["id"]:
                continue
            text = row.get("text") or ""
            if row.get("cluster") in self.clusters or (text.strip() and text_key(text) in self.texts):
                self.copies[row["id"]] = row.get("url") or ""

    @property
    def tombstones(self) -> Tombstones:
        """What was asked, with the ids and texts that were found for it; an id brings its page."""
        asked = {*self.asked.ids}
        urls = [url for identity, url in self.documents.items() if url and identity in asked]
        pages = {address_or_raw(url).surt for url in urls}
        found = Tombstones(
            pages=tuple(sorted(pages)),
            urls=tuple(sorted(urls)),
            ids=tuple(sorted({*self.documents, *self.copies})),
            texts=tuple(sorted(self.texts)),
        )
        return self.asked | found

    @property
    def missed(self) -> list[str]:
        """What was asked for and matches nothing."""
        urls = {address_or_raw(url).surt: url for url in self.asked.urls}
        return [
            *(name for name in self.asked.domains if name not in self.domains),
            *(urls.get(page, page) for page in self.asked.pages if page not in self.pages),
            *(name for name in self.asked.ids if name not in self.documents),
        ]


def pieces_of(text: str) -> set[str]:
    """Pieces of a text to search for, none at its very ends, where steps may trim; all of a short one."""
    text = text.strip()
    if len(text) < 2 * _PIECE:
        # A short text as a whole; one of 33 characters and less stands in too many pages to say anything.
        return {text} if len(text) > _PIECE // 3 else set()
    # Of 1,000 characters: from 100, 200 … 800 on, none at 0 or 900.
    starts = {(len(text) - _PIECE) * number // (_PIECES + 1) for number in range(1, _PIECES + 1)}
    return {text[start : start + _PIECE] for start in starts}


def tables_of(corpora: Iterable[Path], clean: Container[str] = ()) -> Iterator[pa.Table]:
    """The columns that say what a document is, a row group at a time, of some finished corpora.

    Parts whose digest is `clean` are left out.
    """
    for folder in corpora:
        for path in paths_of(folder, clean):
            file = open_published(path)
            columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns)


def paths_of(folder: Path, clean: Container[str] = ()) -> list[Path]:
    """The parts of a finished corpus that have documents or links, by its manifest, without those that are clean."""
    parts = (part for part in read_manifest(folder)["parts"] if part["path"].startswith(_TABLES))
    return [folder / part["path"] for part in parts if part["digest"] not in clean]


def digests_of(corpora: Iterable[Path]) -> list[str]:
    """The digests of those parts."""
    parts = (part for folder in corpora for part in read_manifest(folder)["parts"])
    return [part["digest"] for part in parts if part["path"].startswith(_TABLES)]


def corpora_of(release: Path) -> list[Path]:
    """The corpora of a release."""
    return sorted((release / CORPORA).iterdir())


def find(
    asked: Tombstones, corpora: Iterable[Path], copies: bool = True, clean: Container[str] = frozenset()
) -> ForgottenRows:
    """Everything in some corpora that is asked for, with the copies of its texts where those go too.

    `clean` are the digests of parts that are known to have nothing of it.
    """
    corpora, matches = list(corpora), ForgottenRows(asked)
    for table in tables_of(corpora, clean):
        matches.look(table)
    if copies and (matches.clusters or matches.texts):
        # Again over all, since a copy may lie in a part that has nothing of what was asked.
        for table in tables_of(corpora):
            if "id" in table.column_names:
                matches.look_for_copies(table)
        _take_texts(matches, corpora)
    return matches


def own_pieces(matches: ForgottenRows, corpora: Iterable[Path]) -> frozenset[str]:
    """The pieces that stand in no other document: a sentence that many pages have says nothing of one."""
    pieces = {*matches.pieces}
    gone = {*matches.documents, *matches.copies}
    for table in tables_of(corpora) if pieces else ():
        if "id" in table.column_names:
            for identity, text in zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True):
                if identity not in gone and text:
                    pieces -= {piece for piece in pieces if piece in text}
    return frozenset(pieces)


def _take_texts(matches: ForgottenRows, corpora: Iterable[Path]) -> None:
    """The texts of the copies: near duplicates have other words."""
    if matches.copies:
        whose = ForgottenRows(Tombstones(ids=tuple(sorted(matches.copies))))
        for table in tables_of(corpora):
            whose.look(table)
        matches.texts |= whose.texts
        matches.pieces |= whose.pieces
