"""Clusters by union-find and in rounds of stars, against a plain search: chains, stars, random graphs."""

import random
from collections import defaultdict

import numpy as np
import pytest
from dedup_world import run

from corpus.dedup.stars import both_ways, large_star, small_star
from corpus.errors import CorpusloomError
from corpus.files.manifest import Part, map_arrow, write_arrow
from pipelines.builds.duplicates import ROUNDS, Room, joined, room_for
from pipelines.cli.memory import Needs, WorkerMemory
from pipelines.runtime.stage import Stage
from pipelines.work.candidates import PAIR_ROWS, PairFacts
from pipelines.work.copies import ExactFacts, gone_rows
from pipelines.work.packing import packed_table
from pipelines.work.signatures import ROW_BITS, SignatureFacts, Widths

UNION, ROUNDS_OF_16 = Room(), Room(group_bytes=2**16, rounds=ROUNDS)


def oracle(edges):
    """node → the least node that it is connected with, by a walk from each node in order."""
    near, found = defaultdict(list), {}
    for one, other in edges:
        near[one].append(other)
        near[other].append(one)
    for first in sorted(near):
        waiting = [] if first in found else [first]
        while waiting:
            node = waiting.pop()
            if found.setdefault(node, first) == first:
                waiting += [other for other in near[node] if other not in found]
    return found


def write(folder, name, rows):
    return write_arrow(folder / f"{name}.arrow", folder, packed_table(rows))


def labels(folder, edges, room, order=1, runs=2, parts=4, documents=None):
    """node → label by the stages; half of the edges are of copies, nodes are spread over `runs`."""
    folder.mkdir(exist_ok=True)
    documents = documents or 1 + max((node for edge in edges for node in edge), default=0)
    plain = np.array(edges, np.int64).reshape(-1, 2)
    edges = (plain % runs << ROW_BITS) + plain // runs
    gone = np.zeros(len(edges[::2]), gone_rows(Widths(1, 1)))
    gone["leader"], gone["number"] = edges[::2].T
    alike = np.zeros(len(edges[1::2]), PAIR_ROWS)
    alike["one"], alike["other"] = edges[1::2].T
    nothing = Part("none", documents, 0, "none")
    given = {
        "signatures": [SignatureFacts(nothing, max(documents, 100_000), 1, 1)] * runs,
        "exact": [ExactFacts(write(folder, f"gone-{part}", gone[part::parts])) for part in range(parts)],
        "pairs": [PairFacts(write(folder, f"pairs-{part}", alike[part::parts]), 0) for part in range(parts)],
    }
    last = joined(room, *(Stage(name, None, plan=list) for name in ("signatures", "exact", "pairs")))
    facts = run(last, folder, given, order)
    rows = np.concatenate([np.frombuffer(map_arrow(folder / each.labels.path)["row"].combine_chunks().buffers()[1]
                                         or b"", "<i8").reshape(-1, 2) for each in facts["clusters"]])  # fmt: skip
    plain = (rows & (2**ROW_BITS - 1)) * runs + (rows >> ROW_BITS)
    assert len(np.unique(plain[:, 0])) == len(plain)
    return dict(plain.tolist()), facts


def least_by_number(found, runs=2):
    """The oracle's labels are the least nodes; those of the stages the least numbers, which sort by run first."""
    members = defaultdict(list)
    for node, label in found.items():
        members[label].append(node)
    least = {label: min(some, key=lambda each: (each % runs, each // runs)) for label, some in members.items()}
    return {node: least[label] for node, label in found.items()}


GRAPHS = {
    "nothing": [],
    "a pair": [(5, 3)],
    "a chain": list(zip(range(999), range(1, 1000), strict=True)),
    "a star": [(number, 0) for number in range(1, 100_000)],
    "a star whose least is a leaf": [(999, number) for number in range(999)],
    "two cliques with a bridge": [(a + far, b + far) for far in (0, 50) for a in range(30) for b in range(a)]
    + [(7, 60)],
}


def shuffled(edges, seed):
    """The same graph under other names."""
    rng = random.Random(seed)
    names = list(range(1 + max((node for edge in edges for node in edge), default=0)))
    rng.shuffle(names)
    return [(names[one], names[other]) for one, other in edges]


@pytest.mark.parametrize("name", GRAPHS)
def test_union_and_rounds_are_the_oracle(tmp_path, name):
    for place, edges in enumerate((GRAPHS[name], shuffled(GRAPHS[name], 1))):
        expected = least_by_number(oracle(edges))
        assert labels(tmp_path / f"{place}-union", edges, UNION)[0] == expected
        assert labels(tmp_path / f"{place}-rounds", edges, ROUNDS_OF_16)[0] == expected


@pytest.mark.parametrize("seed", range(2))
def test_random_graphs_for_any_order_groups_and_runs(tmp_path, seed):
    rng = random.Random(seed)
    edges = [(rng.randrange(3000), rng.randrange(3000)) for _ in range(rng.choice((1000, 1600, 4000)))]
    edges = [edge for edge in edges if edge[0] != edge[1]]
    for runs, order, room in (
        (1, 1, Room(rounds=ROUNDS)),
        (3, 1, UNION),
        (3, -1, Room(group_bytes=12_000, rounds=ROUNDS)),
    ):
        found, facts = labels(tmp_path / f"{runs}{order}", edges, room, order, runs)
        assert found == least_by_number(oracle(edges), runs)
        assert not facts.get(f"large_stars_{ROUNDS}")


def test_rounds_that_have_nothing_to_do_have_no_tasks(tmp_path):
    _, facts = labels(tmp_path, [(1, 0), (2, 0)], ROUNDS_OF_16)
    busy = [name for name, found in facts.items() if found and "stars" in name]
    assert busy == ["large_stars_1", "small_stars_1"]


def test_a_chain_beyond_the_rounds_fails(tmp_path):
    with pytest.raises(CorpusloomError, match=r"not joined after the last round.*--memory-mb") as raised:
        labels(tmp_path, shuffled(GRAPHS["a chain"], 2), Room(group_bytes=8_000, rounds=2))
    assert raised.value.code == 5


def test_what_does_not_fit_is_refused_beforehand_with_the_arithmetic(tmp_path):
    with pytest.raises(CorpusloomError, match=r"1,998 documents .* 0 MB at 64 bytes each.*--memory-mb") as raised:
        labels(tmp_path, GRAPHS["a chain"], Room(union_bytes=100_000))
    assert raised.value.code == 5


def test_rounds_are_planned_where_one_worker_might_not_hold_all():
    memory = WorkerMemory(total=1_000, workers=1, needs=Needs(300, 300, 40))
    assert room_for(memory, 10**9).rounds == 0
    assert room_for(memory, 10**10).rounds == ROUNDS
    assert room_for(memory, 0).group_bytes == 16 * 2**20
    assert room_for(WorkerMemory(total=340, workers=1, needs=Needs(300, 300, 40)), 0).group_bytes == 5_000_000


def test_star_steps_are_those_of_the_paper():
    """3 - 1, 3 - 2: large-star at 1 and 2 hangs 3 on them; small-star at 3 hangs 2 on 1."""
    edges = np.array([[3, 1], [3, 2]])
    found, changed = large_star(both_ways(edges))
    assert (found.tolist(), changed) == ([[3, 1], [3, 2]], 0)
    found, changed = small_star(found)
    assert (found.tolist(), changed) == ([[2, 1], [3, 1]], 1)
    assert large_star(both_ways(np.array([[2, 1], [3, 2]])))[0].tolist() == [[2, 1], [3, 1]]
