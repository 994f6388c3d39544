"""Several workers, one scrape: what all counted, the gauges of those that live, nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Self

import pytest
from prometheus_client.parser import text_string_to_metric_families

from roadbed.runtime.metrics_folder import VARIABLE, forget_the_dead, metrics_folder, remove_leftovers
from tests.support.programs import find_program

WORKER = """
import asyncio, sys
from roadbed.kernel.events import Events, FlightLanded, RequestFinished
from roadbed.runtime.metrics import Metrics

metrics, events = Metrics("1", "sqlite"), Events()
metrics.subscribe(events)
metrics.watch(lambda: {"queue_depth:writer": 5, "database_bytes": 4096, "http_in_flight": 2})
for line in sys.stdin:
    if line == "count\\n":
        events.emit(RequestFinished("id", "GET", "/x", "/x", 200, 0.003, "", 0, ""))
        events.emit(FlightLanded("post", 3, 0.0, 0.0))
        metrics.flush()
        print("counted", flush=True)
    else:
        text = asyncio.run(metrics.exposition()).decode()
        print(len(text.splitlines()), flush=True)
        print(text, end="", flush=True)
"""


class Worker:
    """Another process with metrics of its own in the same folder; counts and exposes when told to."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, VARIABLE: str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = str(self._process.pid)

    def _ask(self, what: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def count(self, times: int = 1) -> None:
        for _ in range(times):
            assert self._ask("count") == "counted\n"

    def expose(self) -> str:
        lines = int(self._ask("expose"))
        assert self._process.stdout
        return "".join(self._process.stdout.readline() for _ in range(lines))

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self._process.kill()
        self._process.communicate(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def samples(text: str, name: str) -> dict[str, float]:
    """Return the values of a metric, by the values of its labels joined."""
    return {
        ",".join(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_counts_of_all_workers_are_one(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        one.count(3)
        other.count(4)
        texts = one.expose(), other.expose()
    found = [samples(text, "roadbed_http_requests_total") for text in texts]
    assert found == [{"GET,/x,200": 7}] * 2


def test_histograms_of_all_workers_are_one(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        one.count(2)
        other.count(3)
        text = one.expose()
    assert (
        samples(text, "roadbed_flight_size_count"),
        samples(text, "roadbed_flight_size_sum"),
        samples(text, "roadbed_http_request_duration_seconds_bucket")["0.0025,GET,/x"],
        samples(text, "roadbed_http_request_duration_seconds_bucket")["0.005,GET,/x"],
    ) == ({"post": 5}, {"post": 15}, 0, 5)


def test_gauges_are_summed_or_the_largest(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        one.count()
        other.count()
        text = one.expose()
    assert (
        samples(text, "roadbed_queue_depth"),
        samples(text, "roadbed_http_requests_in_flight"),
        samples(text, "roadbed_database_file_bytes"),
    ) == ({"writer": 10}, {"": 4}, {"main": 4096})


def test_each_worker_has_its_own_figures(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        one.count()
        other.count()
        text = one.expose()
        names = ("cpu_seconds_total", "resident_memory_bytes", "open_files", "start_time_seconds")
        found = [set(samples(text, f"roadbed_process_{name}")) for name in names]
        assert found == [{one.pid, other.pid}] * len(names)


def test_the_build_is_told_although_multiprocess_mode_drops_info(tmp_path: Path) -> None:
    with Worker(tmp_path) as one:
        text = one.expose()
    assert list(samples(text, "roadbed_build_info").values()) == [1]


def test_a_dead_worker_keeps_its_counts_and_loses_its_gauges(tmp_path: Path) -> None:
    with Worker(tmp_path) as one:
        other = Worker(tmp_path)
        one.count()
        other.count(5)
        other.end(kill=True)
        text = one.expose()
        found = (
            samples(text, "roadbed_http_requests_total"),
            samples(text, "roadbed_queue_depth"),
            set(samples(text, "roadbed_process_resident_memory_bytes")),
        )
        assert found == ({"GET,/x,200": 6}, {"writer": 5}, {one.pid})


def test_counts_never_go_back_when_a_worker_is_replaced(tmp_path: Path) -> None:
    totals: list[float] = []
    with Worker(tmp_path) as one:
        for _ in range(3):
            other = Worker(tmp_path)
            other.count(2)
            other.end(kill=True)
            totals.append(samples(one.expose(), "roadbed_http_requests_total")["GET,/x,200"])
    assert totals == [2, 4, 6]


def test_promtool_finds_nothing(tmp_path: Path) -> None:
    with Worker(tmp_path) as one, Worker(tmp_path) as other:
        one.count()
        other.count()
        text = one.expose()
    done = subprocess.run(
        [find_program("promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_folder_is_named_to_workers_and_goes_in_the_end(tmp_path: Path) -> None:
    with metrics_folder(tmp_path) as folder:
        (folder / "counter_1.db").write_bytes(b"")
        named = os.environ[VARIABLE]
    assert (named, folder.exists(), VARIABLE in os.environ) == (str(folder), False, False)


def test_two_services_do_not_share_a_folder(tmp_path: Path) -> None:
    with metrics_folder(tmp_path) as one:
        monkey = os.environ[VARIABLE]
        with metrics_folder(tmp_path) as other:
            assert one != other
            assert one.exists()
        os.environ[VARIABLE] = monkey


@pytest.fixture
def dead() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(timeout=60)
    return process.pid


def test_what_a_killed_supervisor_left_behind_goes(tmp_path: Path, dead: int) -> None:
    left, mine = tmp_path / f"roadbed-metrics-{dead}-abc", tmp_path / f"roadbed-metrics-{os.getpid()}-abc"
    foreign, odd = tmp_path / "something-else", tmp_path / "roadbed-metrics-odd"
    for folder in (left, mine, foreign, odd):
        folder.mkdir()
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([mine, foreign, odd])


def test_a_start_clears_the_place(tmp_path: Path, dead: int) -> None:
    (tmp_path / f"roadbed-metrics-{dead}-abc").mkdir()
    with metrics_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_file_that_a_worker_has_only_just_made_harms_no_scrape(tmp_path: Path) -> None:
    with Worker(tmp_path) as one:
        one.count(3)
        (tmp_path / "counter_1.db").touch()
        assert samples(one.expose(), "roadbed_http_requests_total") == {"GET,/x,200": 3}


def test_only_gauges_of_the_dead_are_forgotten(tmp_path: Path, dead: int) -> None:
    alive = os.getpid()
    kept = [f"counter_{dead}.db", f"histogram_{dead}.db", f"gauge_livesum_{alive}.db", f"gauge_all_{dead}.db"]
    for name in (*kept, f"gauge_livesum_{dead}.db", f"gauge_livemax_{dead}.db"):
        (tmp_path / name).write_bytes(b"")
    forget_the_dead(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_process_of_somebody_else_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    (tmp_path / "gauge_livesum_1.db").write_bytes(b"")
    forget_the_dead(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gauge_livesum_1.db"]
