"""What is measured is decided before anything runs."""

from pathlib import Path

import pytest

from bench.harness import parts
from bench.harness.contender import Routes
from bench.harness.errors import BenchError
from bench.harness.plan import (
    AT_32_ALONE,
    CONNECTIONS,
    OF_VALUES,
    PAIRS,
    QUICK,
    WORKS,
    Effort,
    Pair,
    Step,
    duration,
    has_paced,
    pairs_of,
    script,
    steps,
)
from bench.harness.roster import BY_NAME

FILES = {name: Path(f"{name}.txt") for name in ("accounts", "hot", "ids", "keys")}


def planned(pair: Pair) -> list[Step]:
    return list(steps(pair, WORKS, CONNECTIONS, Effort()))


def test_a_whole_pair_covers_every_work_at_every_number_of_connections() -> None:
    found = [(step.work, step.connections) for step in planned(Pair("roadbed-postgres", "fastify"))]

    whole = [(work, number) for work in WORKS for number in CONNECTIONS]
    assert found == [each for each in whole if each[0] not in AT_32_ALONE or each[1] == 32]


def test_values_are_measured_where_both_keep_some() -> None:
    assert {step.work for step in planned(Pair("roadbed", "pocketbase"))} == set(WORKS) - set(OF_VALUES)


def test_where_a_target_is_decided_turns_are_longer_and_more() -> None:
    efforts = {
        (step.work, step.connections): (step.seconds, step.rounds)
        for step in planned(Pair("roadbed-postgres", "fastify"))
    }

    assert efforts["create", 32] == efforts["get", 32] == efforts["create-hot", 32] == (2, 5)
    assert efforts["create", 256] == efforts["list", 32] == (1, 2)


def test_a_pair_for_targets_alone_measures_nothing_else() -> None:
    found = [(step.work, step.connections) for step in planned(Pair("roadbed", "limit", whole=False))]

    assert found == [("create", 32), ("get", 32)]


def test_works_and_connections_can_be_chosen() -> None:
    found = list(steps(Pair("roadbed", "pocketbase"), ["get"], [1, 32], Effort()))

    assert [(step.work, step.connections) for step in found] == [("get", 1), ("get", 32)]


def test_without_names_all_pairs_are_measured() -> None:
    assert pairs_of([], BY_NAME) == list(PAIRS)


def test_names_choose_the_pairs_among_them() -> None:
    found = pairs_of(["roadbed", "pocketbase", "limit"], BY_NAME)

    assert [pair.names for pair in found] == [("roadbed", "pocketbase"), ("roadbed", "limit")]


def test_strangers_are_measured_against_the_first() -> None:
    found = pairs_of(["fastify", "express", "django"], BY_NAME)

    assert [pair.names for pair in found] == [("fastify", "express"), ("fastify", "django")]


def test_a_single_name_is_measured_alone() -> None:
    assert [pair.names for pair in pairs_of(["fastify"], BY_NAME)] == [("fastify",)]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BenchError, match=r"unknown contender fastfy; known: roadbed, .*fastify"):
        pairs_of(["roadbed", "fastfy"], BY_NAME)


def test_a_whole_run_takes_at_most_twenty_eight_minutes() -> None:
    assert duration(PAIRS, WORKS, CONNECTIONS, Effort()) + parts.duration(parts.PARTS, Effort()) <= 28 * 60


def test_a_quick_run_takes_at_most_twelve_minutes() -> None:
    assert duration(PAIRS, WORKS, [32], QUICK) + parts.duration(parts.PARTS, QUICK) <= 12 * 60


def test_a_contender_alone_takes_half_of_a_pair_s_turns() -> None:
    both = duration([Pair("fastify", "express")], ["get"], [32], Effort())
    one = duration([Pair("fastify", "fastify")], ["get"], [32], Effort())

    assert one < both


def test_half_load_needs_the_full_load_of_creates() -> None:
    pair = Pair("roadbed", "pocketbase")

    assert has_paced(pair, [Step("create", 32, 2, 5)])
    assert not has_paced(pair, [Step("create", 256, 2, 5), Step("get", 32, 2, 5)])
    assert not has_paced(Pair("roadbed", "limit", whole=False), [Step("create", 32, 2, 5)])


@pytest.mark.parametrize(
    ("work", "name", "arguments"),
    [
        ("create", "create.lua", ("/transactions", "accounts.txt", "3")),
        ("create-hot", "create.lua", ("/transactions", "hot.txt", "3")),
        ("get", "get.lua", ("/transactions/", "ids.txt", "3")),
        ("list", "fetch.lua", ("/transactions?limit=30",)),
        ("lists", "lists.lua", ("/transactions?limit=30", "3")),
        ("ping", "fetch.lua", ("/ping",)),
        ("kv-put", "put.lua", ("/kv/", "keys.txt", "3")),
        ("kv-get", "get.lua", ("/kv/", "keys.txt", "3")),
    ],
)
def test_each_work_has_its_script(work: str, name: str, arguments: tuple[str, ...]) -> None:
    assert script(work, Routes(kv="/kv/"), FILES, seed=3) == (name, arguments)
