"""Flags: the nearest one is named, numbers are checked with their flag, a bug leaves its traceback in a file."""

import pytest

from corpus.command_line import SHARE, SHARE_BELOW_ONE, CommandParser, Number, WholeNumber, day, end_with


@pytest.fixture
def parser():
    flags = CommandParser("loom", "Weave.")
    flags.add_argument("--submissions", required=True)
    flags.add_argument("--share", type=SHARE)
    flags.add_argument("--below", type=SHARE_BELOW_ONE)
    flags.add_argument("--count", type=WholeNumber(1, 10))
    flags.add_argument("--heat", type=Number(0.5))
    flags.add_argument("--since", type=day)
    return flags


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--submision", "a"], "required: --submissions; --submision is not a flag, did you mean --submissions?"),
        (["--submision=a"], "did you mean --submissions?"),
        ([], "required: --submissions; see loom --help"),
        (["--share", "7"], "--share: 7 is out of range; give a number from 0 to 1"),
        (["--share", "nan"], "--share: nan is out of range"),
        (["--share", "-0.1"], "--share: -0.1 is out of range"),
        (["--below", "1"], "--below: 1 is out of range; give a number from 0 to below 1"),
        (["--count", "-1"], "--count: -1 is out of range; give a whole number from 1 to 10"),
        (["--count", "11"], "--count: 11 is out of range"),
        (["--count", "many"], "--count: 'many' is not a whole number"),
        (["--heat", "inf"], "--heat: inf is out of range; give a number of at least 0.5"),
        (["--since", "01.02.2018"], "--since: '01.02.2018' is not a day; give one as in 2018-01-01"),
        (["--since", "20180101"], "--since: '20180101' is not a day"),
        (["--since", "2018-02-30"], "--since: '2018-02-30' is not a day"),
    ],
)
def test_a_mistake_ends_with_2_and_one_sentence(parser, capsys, arguments, says):
    with pytest.raises(SystemExit) as ended:
        parser.parse_known_args(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert says in said
    assert len(said.splitlines()) == 1


def test_good_values_are_read_as_they_are_meant(parser):
    values, _ = parser.parse_known_args(["--submissions", "a", "--share", "1", "--count", "1_0", "--since", ""])
    assert (values.share, values.count, values.since) == (1.0, 10, "")


def test_the_help_ends_with_the_exit_codes(parser):
    assert "4 nothing useful to publish" in parser.format_help()


def test_a_bug_leaves_its_traceback_in_a_file(tmp_path, capsys):
    assert end_with(ZeroDivisionError("by zero"), "loom", tmp_path) == 1
    said = capsys.readouterr().err
    (log,) = tmp_path.glob("error-*.log")
    assert str(log) in said
    assert "Traceback" not in said
    assert "ZeroDivisionError" in log.read_text()


def test_what_is_no_bug_says_nothing_of_bugs(capsys):
    assert end_with(MemoryError(), "loom", resume=True) == 5
    said = capsys.readouterr().err
    assert "bug" not in said
    assert "continue with the same command" in said
