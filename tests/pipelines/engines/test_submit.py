"""A build by spark-submit goes on as long as stages get further, and ends with the build's own exit code."""

import sys

from pipelines.engines.submit import submit_build

# Exports a jar until `stages` submissions are done, then ends by itself.
BUILD = """
import sys, pathlib
done, stages, move = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
count = len(done.read_text()) if done.exists() else 0
if count >= stages:
    print("built"); sys.exit(4)
pathlib.Path(sys.argv[-1].partition("=")[2]).write_text("jar")
print(f"error: stage {count if move == 'on' else 0}: units left no record", file=sys.stderr); sys.exit(1)
"""
SUBMIT = "#!/bin/sh\necho -n x >> {done}\nexit {code}\n"


def spark(folder, done, code=0):
    (folder / "bin").mkdir()
    program = folder / "bin" / "spark-submit"
    program.write_text(SUBMIT.format(done=done, code=code))
    program.chmod(0o755)
    return folder


def build(done, stages, move="on"):
    return [sys.executable, "-c", BUILD, str(done), str(stages), move]


def test_every_stage_is_submitted_until_the_build_ends(tmp_path):
    done = tmp_path / "done"
    assert submit_build(build(done, 3), "local", spark(tmp_path, done)) == 4
    assert done.read_text() == "xxx"


def test_a_stage_that_stays_where_it_was_ends_the_loop(tmp_path, capsys):
    done = tmp_path / "done"
    assert submit_build(build(done, 9, "stay"), "local", spark(tmp_path, done)) == 1
    assert "got no further" in capsys.readouterr().out
    assert done.read_text() == "x"


def test_a_failed_submission_ends_the_loop(tmp_path):
    done = tmp_path / "done"
    assert submit_build(build(done, 9), "local", spark(tmp_path, done, code=7), jar=tmp_path / "a.jar") == 7
    assert (tmp_path / "a.jar").read_text() == "jar"
