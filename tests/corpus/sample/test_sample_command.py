"""`python -m corpus.sample` explains itself, names what it cannot write, and says what is there."""

import pytest

from corpus.sample.write import main


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["one", "two"], 2)])
def test_command_explains_itself(arguments, code, capsys):
    assert main(arguments) == code
    assert "usage: python -m corpus.sample FOLDER" in "".join(capsys.readouterr())


def test_command_names_what_it_cannot_write(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main([str(tmp_path / "file")]) == 3
    assert "file" in capsys.readouterr().err


def test_command_says_what_is_there(tmp_path, capsys):
    assert main([str(tmp_path / "web")]) == 0
    said = capsys.readouterr().out
    assert "sample-0004-damaged.warc.gz" in said and "RS_2016-11.zst" in said and "not asked" in said
