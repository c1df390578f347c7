"""Is something still there: by name, by a piece, and by the digest of a whole text."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.dedup.exact import text_key
from corpus.releases.search import Needles, verify


@pytest.mark.parametrize(
    ("needles", "hits"),
    [
        (Needles((), ()), []),
        (Needles((), (), frozenset({text_key("Two walnuts.")})), ["part.parquet, the text of w/2"]),
        (Needles((), (), frozenset({text_key("Three walnuts.")})), []),
        (Needles((), ("wo walnu",)), ["part.parquet, column text of w/2"]),
        (Needles(("w/1",), ()), ["part.parquet, column id of w/1"]),
    ],
    ids=["nothing", "digest", "digest-of-none", "piece", "name"],
)
def test_what_is_left_of_a_document_is_found(tmp_path, needles, hits):
    pq.write_table(
        pa.table({"id": ["w/1", "w/2"], "text": ["One walnut.", "Two walnuts."]}),
        tmp_path / "part.parquet",
        compression="zstd",
        write_statistics=False,
        store_schema=False,
        write_page_checksum=True,
    )
    found = [hit for hit in verify(tmp_path, needles) if ", " in hit]  # without those of the bytes as they lie
    assert found == hits
