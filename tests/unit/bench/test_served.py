"""Places of parts, and what counts as a sound turn."""

from pathlib import Path
from typing import Any

import pytest

from bench.harness import cached_list, served, statistics_by_hand
from bench.harness.cores import Cores
from bench.harness.errors import BenchError, ContenderFailed, NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.parts import PART_BY_NAME
from bench.harness.plan import QUICK
from bench.harness.wrk import Load

METRICS = """\
# TYPE roadbed_cache_requests_total counter
roadbed_cache_requests_total{resource="items",result="hit"} 900.0
roadbed_cache_requests_total{resource="items",result="miss"} 2.0
roadbed_cache_requests_total{resource="books",result="miss"} 5.0
roadbed_cache_entries 2.0
"""


class Up:
    """A server that is there, or has died."""

    port = 1

    def __init__(self, log: Path, *, alive: bool = True) -> None:
        self.log = log
        self._alive = alive
        log.write_text("its last words\n")

    def alive(self) -> bool:
        return self._alive


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path, Cores(0, 1, 1), None, QUICK, lambda _: None)


def test_a_place_is_there_while_it_is_needed(ground: Ground) -> None:
    with served.placed(PART_BY_NAME["cached-list"], ground) as place:
        assert place.data.is_dir()
        assert place.database_url == ""
    assert not place.data.exists()


def test_a_place_on_postgresql_needs_one(ground: Ground) -> None:
    with (
        pytest.raises(BenchError, match="import-postgres needs PostgreSQL"),
        served.placed(PART_BY_NAME["import-postgres"], ground),
    ):
        raise AssertionError("there is no such place")


def load(**more: int) -> Load:
    kinds = ("bytes", "status", "connect", "read", "write", "timeout", "p50", "p99", "max")
    values: dict[str, int] = {"requests": 100, "duration": 1_000_000} | dict.fromkeys(kinds, 0)
    return Load(**(values | more))


@pytest.mark.parametrize(
    ("seen", "alive", "sound"),
    [
        (load(), True, True),
        (load(status=1), True, False),
        (load(requests=0), True, False),
        (load(), False, False),
    ],
)
def test_a_turn_is_sound_where_all_was_answered(
    seen: Load, alive: bool, sound: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*_: Any) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr("bench.harness.served.wrk.run", lambda *_: seen)
    monkeypatch.setattr("bench.harness.served.wrk.command", command)
    server: Any = Up(tmp_path / "log", alive=alive)
    cores = Cores(0, 0, 0)
    if sound:
        assert served.turn(server, "fetch.lua", ("/",), cores, 1).rate == 100.0
        return
    with pytest.raises(ContenderFailed, match="its last words"):
        served.turn(server, "fetch.lua", ("/",), cores, 1)


def test_only_misses_of_items_are_counted() -> None:
    assert cached_list.misses(METRICS) == 2.0


def test_both_must_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {1: b'{"count":3}', 2: b'{"count":3}', 3: b'{"count":4}'}
    monkeypatch.setattr(statistics_by_hand, "fetch", lambda port, _path: answers[port])

    statistics_by_hand.compare(1, 2, ["427038?from=a&to=b"])
    with pytest.raises(NotTheSameWork, match="427038"):
        statistics_by_hand.compare(1, 3, ["427038?from=a&to=b"])
