"""Documents with planted duplicates, a plain oracle for the verdicts on them, and stages run without an engine."""

import random
from collections import defaultdict
from dataclasses import asdict
from itertools import chain, combinations

import msgspec
import numpy as np

from corpus.dedup.exact import RULES, text_key
from corpus.dedup.minhash import MinHash, band_hashes, has_words, signatures
from corpus.document import Document
from corpus.files.manifest import MANIFEST, map_arrow, write_manifest, write_parquet
from corpus.hashing import digest
from corpus.schema import KEPT_SCHEMA, REJECTED_SCHEMA, kept_row
from pipelines.builds.repeated import without_repeats
from pipelines.runtime.shuffle import ShuffleWork
from pipelines.runtime.stage import Stage, in_order
from pipelines.work.judging import JudgedFacts
from pipelines.work.verdicts import join_cuts, without_cuts


def planted(seed, count=60):
    """About 5 x `count` documents: families of edited copies, equal pages, equal texts, and some without words."""
    rng, found = random.Random(seed), []
    for family in range(count):
        words = [f"w{rng.randrange(5000)}" for _ in range(rng.choice((3, 60, 90)))]
        for member in range(rng.choice((1, 1, 2, 4, 9))):
            share = rng.choice((0, 0.005, 0.02, 0.04, 0.1))
            text = " ".join(f"{word}x" if rng.random() < share else word for word in words)
            found.append(document(f"{family}/{member}", text if rng.random() > 0.02 else "?!", rng))
            words = text.split() if rng.random() < 0.5 else words  # a chain, or a star
    for number in range(count // 3):
        other = rng.choice(found)
        kind = rng.randrange(3)
        found.append(other if kind == 0 else document(other.url if kind == 1 else f"again/{number}", other.text, rng))
    rng.shuffle(found)
    return found


def document(url, text, rng):
    karma, date = rng.choice((None, 3, 3, 9)), f"20{rng.randrange(10, 20)}-01-01T00:00:00Z"
    return Document(f"webtext/{digest(url, date, text)}", url, text, surt=f"org,x)/{url}", date=date, karma=karma)


def judged(folder, documents, parts=3):
    """The documents as parts of a build."""
    facts = []
    for number in range(parts):
        rows = [kept_row(document) for document in documents[number::parts]]
        kept = write_parquet(folder / f"{number}.parquet", folder, KEPT_SCHEMA, rows)
        none = write_parquet(folder / f"{number}-rejected.parquet", folder, REJECTED_SCHEMA, [])
        facts.append(JudgedFacts(kept, none, none))
    return facts


def corpus(folder, documents, source, parts=2):
    """A finished corpus, as far as it is read."""
    (folder / "kept").mkdir(parents=True)
    found = []
    for number in range(parts):
        rows = [kept_row(document) for document in documents[number::parts]]
        part = write_parquet(folder / f"kept/part-{number}.parquet", folder, KEPT_SCHEMA, rows)
        found.append({"path": part.path, "rows": part.rows, "bytes": part.bytes, "digest": part.digest})
    recipe = {"near_duplicates": asdict(MinHash())}
    write_manifest(folder / MANIFEST, {"source": source, "recipe": recipe, "parts": found})
    return str(folder)


def run(last, folder, given, order=1):
    """The facts of all stages up to `last`, by name; `given` has those of the first. No engine, no records."""
    facts = dict(given)
    for stage in in_order(last):
        if stage.name not in facts:
            facts[stage.name] = [outcome.facts for outcome in outcomes(stage, folder, facts, order)]
    return facts


def outcomes(stage, folder, facts, order=1):
    """What the tasks of one stage make; `order` -1 does and shuffles everything backwards."""
    read = [facts[other.name] for other in stage.reads]
    tasks = stage.tasks(read, str(folder))
    if not isinstance(stage.work, ShuffleWork):
        return [stage.work(task) for task in tasks]
    batches = defaultdict(list)
    for piece in list(stage.work.pieces(*read))[::order]:
        for group, data in stage.work.cut_line(msgspec.json.encode(piece).decode(), folder):
            batches[group].append(data)
    assert set(batches) <= {task.unit.group for task in tasks}
    return [stage.work(task, bytearray(b"".join(batches[task.unit.group][::order]))) for task in tasks]


def judged_stage():
    return Stage("judged", None, plan=list)


def verdicts(folder, decided):
    """(cluster, rule, other, value) of each row, in the order of the parts."""
    tables = [map_arrow(folder / run.verdicts.path) for facts in decided for run in facts.runs]
    names = ("cluster", "rule", "other_id", "value")
    return [tuple(row[name] for name in names) for table in tables for row in table.to_pylist()]


def oracle(documents, config: MinHash):
    """The verdict on each document, by the rules as they are written down, with loops over all of them."""
    rank = sorted(range(len(documents)), key=lambda number: (preference(documents[number]), number))
    gone = copies(documents, rank)
    signed = signatures([document.text for document in documents], config)
    pairs = [(number, leader) for number, (_, leader) in gone.items()]
    left = [number for number in rank if number not in gone]
    pairs += similar(signed, left, config)
    cluster = {number: {number} for number in rank}
    for one, other in pairs:
        whole = cluster[one] | cluster[other]
        cluster.update(dict.fromkeys(whole, whole))
    place = {number: position for position, number in enumerate(rank)}
    verdict = {}
    for number in left:
        same = {other: int((signed[number] == signed[other]).sum()) for other in cluster[number]
                if verdict.get(other, ("gone",))[0] == "" and other != number}  # fmt: skip
        best = max(same, key=lambda other: (same[other], -place[other]), default=None)
        if best is not None and same[best] >= config.needed and has_words(signed)[number]:
            verdict[number] = ("duplicates.near", documents[best].id, same[best] / config.minima)
        else:
            verdict[number] = ("", "", None)
    verdict |= {number: (f"duplicates.{rule}", documents[leader].id, None) for number, (rule, leader) in gone.items()}
    first = {number: min(cluster[number], key=place.get) for number in rank}
    return [(documents[first[number]].id, *verdict[number]) for number in range(len(documents))]


def preference(document):
    return -(document.karma or 0), -len(document.text), document.date, document.id


def copies(documents, rank):
    """number → (rule, leader) of those that leave as an exact copy."""
    keys = (lambda document: document.id, lambda document: document.surt, lambda document: text_key(document.text))
    gone = {}
    for rule, key in zip(RULES, keys, strict=True):
        first = {}
        for number in (number for number in rank if number not in gone):
            leader = first.setdefault(key(documents[number]), number)
            if leader != number:
                gone[number] = (rule, leader)
    return gone


def similar(signed, left, config):
    """The pairs of each bucket: in turn, with all leaders that are alike."""
    buckets, words = defaultdict(list), has_words(signed)
    hashes = band_hashes(signed, config)
    for number in left:
        for value in hashes[number].tolist() if words[number] else ():
            buckets[value].append(number)
    for bucket in buckets.values():
        leaders = []
        for number in bucket:
            alike = [one for one in leaders if (signed[one] == signed[number]).sum() >= config.needed]
            yield from ((one, number) for one in alike)
            leaders += [] if alike else [number]


def pairs_of(groups):
    return set(chain.from_iterable(combinations(sorted(group), 2) for group in groups))


def made_up_signatures(rng, count, minima):
    return rng.integers(0, 2**32, (count, minima), np.uint32)


def repeat_facts(folder, documents, named, parts=3, order=1, group_bytes=2**24):
    """The facts of all stages of some deciders by name, each after those before it."""
    first, made = judged_stage(), []
    for make in without_repeats(named, group_bytes):
        made.append(make(first, tuple(decider.verdicts for decider in made)))
    facts = {"judged": judged(folder, documents, parts)}
    for decider in made:
        facts = run(decider.about or decider.verdicts, folder, facts, order)
    return facts


def decide_repeats(folder, documents, *rules, parts=3, order=1, group_bytes=2**24):
    """id → (rule, text that is left) of each document, by what all rules say."""
    folder.mkdir()
    named = {str(number): rule for number, rule in enumerate(rules)}
    facts = repeat_facts(folder, documents, named, parts, order, group_bytes)
    ordered = [each for part in range(parts) for each in documents[part::parts]]
    found = {each.id: ("", None) for each in ordered}
    for name in named:
        rows = [row for each in facts[name] for row in map_arrow(folder / each.runs[0].verdicts.path).to_pylist()]
        for each, row in zip(ordered, rows, strict=True):
            rule, cuts = found[each.id]
            found[each.id] = (rule or row["rule"], join_cuts(cuts or (), row["cuts"] or ()))
    return {each.id: (found[each.id][0], without_cuts(each.text, found[each.id][1])) for each in ordered}
