"""The types of rows name the columns of their tables, in their order."""

import pytest

from corpus.sources.commoncrawl.index import SOUGHT_SCHEMA
from pipelines.work.judging import MatchedLink
from pipelines.work.lost_links import LOST_SCHEMA, LostLink
from pipelines.work.matching import MATCHED_SCHEMA
from pipelines.work.sought import SoughtLink
from pipelines.work.verdicts import VERDICTS_SCHEMA, Verdict


@pytest.mark.parametrize(
    ("row", "schema"),
    [(Verdict, VERDICTS_SCHEMA), (LostLink, LOST_SCHEMA), (SoughtLink, SOUGHT_SCHEMA)],
    ids=["verdict", "lost", "sought"],
)
def test_a_row_has_the_columns_of_its_table(row, schema):
    assert list(row.__annotations__) == schema.names


def test_what_is_read_of_a_matched_page_is_there():
    assert MatchedLink.__annotations__.keys() <= set(MATCHED_SCHEMA.names)
