"""The commands of a refresh, each from its flags to what it prints and its exit code."""

import argparse
import json
import sys
import time
from dataclasses import asdict

from corpus.command_line import nearest
from corpus.errors import CorpusloomError, ExitCode
from corpus.releases.difference import ReleaseDifference, compare
from corpus.releases.manifest import Release
from corpus.releases.search import verify
from pipelines.cli.command import end_on_signals, quiet
from pipelines.refresh import garbage
from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.definition import GATES
from pipelines.refresh.forget import ask, forget_now
from pipelines.refresh.plan import plan_lines, states_lines
from pipelines.refresh.rollback import roll_back


def check(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """Whether a refresh would find anything to do: 0, else 10."""
    news = corpus.news(corpus.inputs())
    print("\n".join(news or ["nothing is new"]))
    return ExitCode.DONE if news else ExitCode.NOTHING_NEW


def plan(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """What a refresh would do."""
    quiet()
    print("\n".join(plan_lines(corpus, corpus.inputs())))
    return ExitCode.DONE


def run(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """Make the next release where anything is new."""
    _prepare()
    for name in given.accept:
        if name not in GATES:
            near = nearest(name, GATES)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(GATES)}"
            raise CorpusloomError(f"--accept {name}: no such gate; {hint}", ExitCode.FLAGS)
    with corpus.writing():
        release = corpus.refresh(given.accept, given.take_held)
        # What was set aside is said after every refresh, also after one that made nothing.
        print("\n".join(states_lines(corpus.state.seen())))
    if release is None:
        print(f"nothing is new; release {corpus.releases.current} stays")
        return ExitCode.DONE
    _say(corpus, release)
    return ExitCode.DONE


def serve(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """Refresh by a schedule, and show the state."""
    from pipelines.refresh.serving import serve as serve_corpus

    return serve_corpus(corpus, given.definition.name, given.cron, (given.host, given.port))


def rollback(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """A new release of an earlier one."""
    _prepare()
    with corpus.writing():
        release = roll_back(corpus, given.to)
    if release is None:
        print(f"release {corpus.releases.current} holds just that, and stays")
        return ExitCode.DONE
    _say(corpus, release)
    return ExitCode.DONE


def forget(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """Take documents out of everything; 3 where something that was asked for matches nothing, or is still found."""
    _prepare()
    asked = ask(given.domain, given.url, given.ids)
    with corpus.writing():
        done = forget_now(corpus, asked, not given.keep_copies)
    print("\n".join(done.lines))
    if given.verify and corpus.releases.current:
        # Not by the tables that were redacted but byte by byte
        # through every file: whatever forgot to forget shows here.
        hits = verify(corpus.releases.folder(corpus.releases.current), done.needles)
        for hit in hits:
            print(f"STILL THERE: {hit}", file=sys.stderr)
        if hits:
            return ExitCode.INPUT
        print(f"verified: no file of release {corpus.releases.current} has it")
    if done.missed:
        names = ", ".join(done.missed[:10]) + (f" and {len(done.missed) - 10:,} more" if len(done.missed) > 10 else "")
        print(f"error: nothing matches {names}; their tombstones stand, should it ever come", file=sys.stderr)
        return ExitCode.INPUT
    return ExitCode.DONE


def gc(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """Remove what nothing needs."""
    with corpus.writing():
        found = garbage.garbage(corpus.definition, corpus.releases)
        if not given.dry_run:
            garbage.remove(found.paths)
            removed = garbage.expire(corpus.releases, corpus.definition.retention.releases)
            print("".join(f"removed release {number}\n" for number in removed), end="")
    for path in found.paths:
        print(path)
    print(f"{'would free' if given.dry_run else 'freed'} {found.freed / 1e6:,.1f} MB")
    return ExitCode.DONE


def diff(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """What two releases differ in."""
    for number in (given.a, given.b):
        corpus.releases.read(number)
    found = compare(corpus.releases.folder(given.a), corpus.releases.folder(given.b), corpus.state.tombstones())
    print(json.dumps(asdict(found), indent=1, ensure_ascii=False) if given.json else "\n".join(_lines(found)))
    return ExitCode.DONE


def history(corpus: MaintainedCorpus, given: argparse.Namespace) -> int:
    """The releases, their times and inputs."""
    there = corpus.releases.numbers()
    for event in corpus.state.history():
        if event.made == "checked":  # a refresh ended well, with or without a release: for alerts
            continue
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(event.time))
        marks = "current" if event.release == corpus.releases.current else "" if event.release in there else "removed"
        print(f"{event.release:>5}  {when}  {event.made:<9} {event.seconds:>8.1f} s  {marks} {event.said}".rstrip())
    return ExitCode.DONE


def _prepare() -> None:
    quiet()
    end_on_signals("python -m pipelines.refresh")


def _say(corpus: MaintainedCorpus, release: Release) -> None:
    for name, entry in sorted(release.sources.items()):
        print(f"{name:<9} {entry.documents:,} documents kept")
    if release.before in corpus.releases.numbers():
        before, after = (corpus.releases.folder(number) for number in (release.before or 0, release.release))
        print("\n".join(_lines(compare(before, after))))
    print(f"release   {corpus.releases.folder(release.release)}, and releases/current points to it")


def _lines(found: ReleaseDifference) -> list[str]:
    lines = []
    for name, each in found.sources.items():
        lines.append(
            f"{name:<9} {each.before:,} → {each.after:,} documents: {each.added:,} added, {each.removed:,} removed, "
            f"{each.changed:,} changed"
        )
        lines += [f"          {count:,} left by {rule}" for rule, count in each.left.items()]
    lines += [f"input     + {name}" for name in found.inputs_added]
    lines += [f"input     - {name}" for name in found.inputs_removed]
    lines += [f"aside     {said}" for said in found.set_aside]
    return [*lines, f"files     {found.shared_parts:,} shared, {found.new_parts:,} new"]
