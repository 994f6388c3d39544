"""How busy a core was, from the kernel's clock ticks."""

import os

import pytest

from bench.harness import cores
from bench.harness.errors import BenchError

STAT = """\
cpu  30 0 20 150 0 0 0 0 0 0
cpu0 20 0 10 60 5 1 2 2 0 0
cpu1 10 0 10 80 0 0 0 0 0 0
intr 12345
"""


def test_ticks_are_busy_and_all() -> None:
    # Waiting for the disk is idle time; time that the hypervisor took is not.
    assert cores.parse_ticks(STAT) == {0: (35, 100), 1: (20, 100)}


def test_the_share_is_taken_between_two_readings() -> None:
    assert cores.busy_share({0: (35, 100)}, {0: (85, 200)}, core=0) == 0.5


def test_no_time_is_no_work() -> None:
    assert cores.busy_share({0: (35, 100)}, {0: (35, 100)}, core=0) == 0.0


@pytest.mark.parametrize(("database", "core"), [("load", 5), ("server", 3)])
def test_the_first_two_cores_are_taken(database: str, core: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 5, 3})

    assert cores.choose(database) == cores.Cores(server=3, load=5, database=core)


def test_one_core_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})

    with pytest.raises(BenchError, match="two cores"):
        cores.choose("load")
