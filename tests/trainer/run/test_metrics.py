"""The record of a run: a step stands once, whatever was cut off, and table and line are made from it."""

import csv
import io
import json
import math
import sys

import pytest

from corpus.live_line import LiveLine
from trainer.run.metrics import (
    MetricsError,
    MetricsLog,
    duration,
    flat,
    live_text,
    read_metrics,
    series,
    tensorboard_writer,
    write_table,
)


def row(step, **more):
    return {"step": step, "tokens": 10 * step, "loss": 1 / step, **more}


@pytest.fixture
def folder(tmp_path):
    log = MetricsLog(tmp_path, 0)
    log.add([row(1), row(2, bits_per_byte={"books": 1.5, "web": 2.5})])
    log.add([row(3), row(4)])
    log.close()
    return tmp_path


@pytest.mark.parametrize("step, left", [(0, []), (2, [1, 2]), (4, [1, 2, 3, 4]), (9, [1, 2, 3, 4])])
def test_going_on_after_a_step_cuts_off_what_is_later(folder, step, left):
    log = MetricsLog(folder, step)
    assert [each["step"] for each in read_metrics(folder)] == left
    log.add([row(10)])
    log.sync()
    log.close()
    assert [each["step"] for each in read_metrics(folder)] == [*left, 10]


@pytest.mark.parametrize("tail", [b'{"step": 5, "los', b'{"step": 5}', b"\x00\x00\n", b"[]\n", b'{"loss": 1}\n'])
def test_a_torn_or_strange_end_is_cut_off(folder, tail):
    whole = (folder / "metrics.jsonl").read_bytes()
    (folder / "metrics.jsonl").write_bytes(whole + tail)
    MetricsLog(folder, 100).close()
    assert (folder / "metrics.jsonl").read_bytes() == whole


@pytest.mark.parametrize("bad", [b"\x00\x00\n", b"{}\n"])
def test_a_damaged_line_in_the_middle_costs_no_line_after_it(folder, bad):
    path = folder / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], bad, *lines[2:], b"torn"]))
    as_it_was = path.read_bytes()
    log = MetricsLog(folder, 3)
    log.add([row(4)])
    log.close()
    assert [each["step"] for each in read_metrics(folder)] == [1, 3, 4]
    assert (folder / "metrics.damaged.jsonl").read_bytes() == as_it_was


def test_a_line_that_cannot_be_read_is_named_and_a_last_one_half_written_is_not_yet_there(folder):
    path = folder / "metrics.jsonl"
    text = path.read_text()
    path.write_text(text + '{"step": 5')
    assert [each["step"] for each in read_metrics(folder)] == [1, 2, 3, 4]
    path.write_text("no json\n" + text)
    with pytest.raises(MetricsError, match=r"metrics\.jsonl:1"):
        read_metrics(folder)


def test_the_table_has_a_column_for_every_name_and_a_row_for_every_step(folder):
    table = list(csv.DictReader(io.StringIO(write_table(folder).read_text())))
    assert list(table[0]) == ["step", "tokens", "loss", "bits_per_byte/books", "bits_per_byte/web"]
    assert [each["step"] for each in table] == ["1", "2", "3", "4"]
    assert [each["bits_per_byte/web"] for each in table] == ["", "2.5", "", ""]
    assert float(table[2]["loss"]) == 1 / 3


def test_a_series_is_what_is_there_and_finite():
    rows = [row(1, norm=math.nan), row(2, bits_per_byte={"web": 2.0}), row(3, norm=None), row(4, norm=1)]
    assert list(series(rows, "bits_per_byte/web")) == [(2, 2.0)]
    assert list(series(rows, "norm")) == [(4, 1.0)]
    assert flat(rows[1])["bits_per_byte/web"] == 2.0


def test_events_get_every_number_under_its_name(tmp_path):
    written = []

    class Events:
        def add_scalar(self, tag, scalar_value, global_step):
            written.append((tag, scalar_value, global_step))

        def close(self):
            written.append("closed")

    log = MetricsLog(tmp_path, 0, [Events()])
    log.add([row(2, bits_per_byte={"web": 2.5}, mfu=None)])
    log.close()
    assert written == [("tokens", 20, 2), ("loss", 0.5, 2), ("bits_per_byte/web", 2.5, 2), "closed"]


def test_tensorboard_where_it_is_not_installed_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MetricsError, match="pip install tensorboard"):
        tensorboard_writer(tmp_path)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_one_line_rewritten_and_a_file_plain_lines():
    terminal, plain = Terminal(), io.StringIO()
    for stream in (terminal, plain):
        live = LiveLine(stream, every=math.inf)
        live.show("a long first line", must=True)
        live.show("not yet")
        live.show("short", must=True)
        live.say("stays")
        live.end()
    assert terminal.getvalue() == "\ra long first line\rshort            \nstays\n"
    assert plain.getvalue() == "a long first line\nshort\nstays\n"


def test_the_line_shows_loss_speed_and_the_time_left():
    shown = live_text(row(2, rate=6e-4, tokens_per_second=12345.6, mfu=0.456, bits_per_byte={"web": 1.25}), 10, 300)
    assert shown == (
        "step 2/10  loss 0.5000  rate 6.00e-04  12,346 tokens/s  MFU 45.6%  bits/byte web 1.2500  ETA 5 min"
    )
    assert "MFU" not in live_text(row(1, rate=0.0, tokens_per_second=1.0, mfu=None), 10, 1.0)


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 s"), (119, "119 s"), (600, "10 min"), (9000, "2.5 h"), (2 * 86_400, "2.0 days"), (math.inf, "unknown")],
)
def test_durations_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_rows_are_json_lines(folder):
    assert json.loads((folder / "metrics.jsonl").read_text().splitlines()[1])["bits_per_byte"] == {
        "books": 1.5,
        "web": 2.5,
    }
