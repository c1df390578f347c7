"""corpus.toml is read strictly: a misspelt key would guard nothing."""

import json

import msgspec
import pytest

from corpus.errors import CorpusloomError
from pipelines.refresh.definition import CorpusDefinition, read_definition, schema, show_definition

LEAST = """
output = "data/corpus"
[[source]]
name = "webtext"
submissions = "incoming/RS_*"
pages = "incoming/crawl/*/*.warc.gz"
[tokenizer]
kind = "gpt2"
vocab_size = 50257
[mixture]
webtext = 1
"""


def read(tmp_path, text):
    (tmp_path / "corpus.toml").write_text(text)
    return read_definition(tmp_path / "corpus.toml")


def test_the_least_definition_says_all_the_rest(tmp_path):
    found = read(tmp_path, LEAST)
    assert found.tokenizer.policy == "frozen" and found.retention.forgotten == "purge"
    assert found.weights == {"webtext": 1}
    assert msgspec.convert(json.loads(show_definition(found)), CorpusDefinition) == found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("submissions", "submisions"), "did you mean 'submissions'?"),
        (("[mixture]\nwebtext", "[mixture]\nwebtxt"), "did you mean 'webtext'?"),
        (("[tokenizer]", "[tokeniser]"), "did you mean 'tokenizer'?"),
        (("50257", '"many"'), "$.tokenizer.vocab_size"),
        (('kind = "gpt2"', 'kind = "gpt5"'), "$.tokenizer.kind"),
        (('name = "webtext"', 'name = "../etc"'), "$.source[0].name"),
        (("data/corpus", "s3://bucket/corpus"), "folder with links"),
        (('"incoming/RS_*"', '["RS_*", "s3://bucket/RS_*"]'), "'s3://bucket/RS_*': a refresh looks for new files on"),
        (("[mixture]\n", "[gates]\nkept_rates = {}\n[mixture]\n"), "did you mean 'kept_rate'?"),
        (("[mixture]\n", "[gates]\nkept_rate = { least = 2, mots = 3 }\n[mixture]\n"), "did you mean 'most'?"),
        (("[[source]]", "[[sauce]]"), "did you mean 'source'?"),
        (("=", ":"), "no TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(tmp_path, change, says):
    with pytest.raises(CorpusloomError) as refused:
        read(tmp_path, LEAST.replace(*change, 1))
    assert says in str(refused.value) and refused.value.code == 2


def test_two_sources_have_two_names(tmp_path):
    with pytest.raises(CorpusloomError, match="two sources are called 'webtext'"):
        read(tmp_path, LEAST.replace("[tokenizer]", '[[source]]\nname = "webtext"\nbooks = "b/*"\n[tokenizer]'))


def test_the_schema_knows_every_key():
    defs = json.loads(schema())["$defs"]
    assert {"submissions", "pages", "dumps", "books", "collinfo"} <= defs["SourceSection"]["properties"].keys()
    assert defs["Gate"]["additionalProperties"] is False
