"""Nothing published is replaced by surprise: the first difference is named, and only `--replace` goes on."""

import pytest

from corpus.errors import CorpusloomError
from corpus.files.manifest import read_checked, write_manifest
from pipelines.cli.replacement import CORPUS, SETTINGS, SHARDS, WORK, Output

FLAGS = {"--pages": ["a.warc", "b.warc"], "--languages": ["en"], "--keep-deleted": False, "--min-karma": 3}
INPUTS = {"pages": [{"name": "a.warc", "digest": "1"}, {"name": "b.warc", "digest": "2"}]}


@pytest.fixture
def finished(tmp_path):
    """A corpus as a command leaves it."""
    output = Output(tmp_path / "corpus", CORPUS, settings=dict(FLAGS))
    output.root.mkdir()
    output.check()
    output.add(INPUTS)
    (output.root / WORK).mkdir()
    output.marker.write_text("{}")
    return output.root


def test_what_a_killed_run_left_half_written_is_removed(finished):
    for folder in (finished, finished / WORK):
        (folder / ".tmp-1-half").write_text("half")
    Output(finished, CORPUS, settings=dict(FLAGS)).check()
    assert not list(finished.rglob(".tmp-*"))


def test_the_same_command_finds_its_own(finished):
    again = Output(finished, CORPUS, settings=dict(FLAGS))
    again.check()
    again.add(INPUTS)
    assert again.marker.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"--languages": ["de"]}, "--languages: de was not given then"),
        ({"--keep-deleted": True}, "--keep-deleted was not given, now given"),
        ({"--min-karma": 5}, "--min-karma was 3, now 5"),
        ({"--pages": ["a.warc"]}, "--pages: b.warc was given then, and is not now"),
        ({"--pages": ["a.warc", "b.warc", "c.warc"], "--min-karma": 5}, "--pages: c.warc was not given then"),
    ],
)
def test_the_first_difference_is_named(finished, change, says):
    with pytest.raises(CorpusloomError, match=says) as refused:
        Output(finished, CORPUS, settings={**FLAGS, **change}).check()
    assert refused.value.code == 2
    assert "--replace" in str(refused.value)
    assert (finished / "_MANIFEST.json").exists()


def test_other_bytes_of_an_input_are_another_corpus(finished):
    changed = {"pages": [{"name": "a.warc", "digest": "1"}, {"name": "b.warc", "digest": "3"}]}
    output = Output(finished, CORPUS, settings=dict(FLAGS))
    output.check()
    with pytest.raises(CorpusloomError, match=r"pages: b\.warc has other bytes now"):
        output.add(changed)


def test_other_libraries_make_another_corpus(finished):
    kept = read_checked(finished / SETTINGS)
    kept["flags"]["libraries"]["trafilatura"] = "0.1"
    write_manifest(finished / SETTINGS, kept)
    with pytest.raises(CorpusloomError, match=r"libraries \(trafilatura\) was 0\.1, now"):
        Output(finished, CORPUS, settings=dict(FLAGS)).check()


def test_a_replacement_is_unpublished_from_its_first_moment(finished):
    settings = {**FLAGS, "--min-karma": 5}
    Output(finished, CORPUS, replace=True, settings=settings).check(write=False)
    assert (finished / "_MANIFEST.json").exists()  # a dry run changes nothing
    Output(finished, CORPUS, replace=True, settings=settings).check()
    assert not (finished / "_MANIFEST.json").exists()
    Output(finished, CORPUS, settings=settings).check()  # killed, and started again without --replace


@pytest.mark.parametrize("damage", [None, "{", "[]"])
def test_settings_that_cannot_be_read_are_no_leave_to_replace(finished, damage):
    (finished / SETTINGS).unlink()
    if damage:
        (finished / SETTINGS).write_text(damage)
    with pytest.raises(CorpusloomError, match="absent or damaged"):
        Output(finished, CORPUS, settings=dict(FLAGS)).check()


def test_another_kind_is_refused_even_to_replace(finished):
    with pytest.raises(CorpusloomError, match="holds a corpus, not token shards; choose another --output"):
        Output(finished, SHARDS, replace=True).check()


def test_a_folder_of_somebody_else_is_refused_even_to_replace(tmp_path):
    (tmp_path / "kept").mkdir()
    with pytest.raises(CorpusloomError, match="holds kept and nothing that this command made"):
        Output(tmp_path, CORPUS, replace=True).check()


def test_the_work_of_the_first_edition_is_replaced_on_demand_only(tmp_path):
    (tmp_path / "stages" / "posts" / "units").mkdir(parents=True)
    (tmp_path / "_MANIFEST.json").write_text("{}")
    with pytest.raises(CorpusloomError, match="earlier edition"):
        Output(tmp_path, CORPUS).check()
    Output(tmp_path, CORPUS, replace=True).check()
    assert sorted(path.name for path in tmp_path.iterdir()) == [SETTINGS]
