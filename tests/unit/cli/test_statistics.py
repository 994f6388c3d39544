"""`roadbed stats`: what processes have written, told to people and to programs, whether or not any runs."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from roadbed.cli import statistics
from roadbed.data.database import Database
from roadbed.kernel.clock import now
from roadbed.kernel.ids import new_id
from roadbed.platform import statements
from roadbed.platform.measuring import measure
from tests.integration.platform.crew import opened, write_rows
from tests.unit.cli.conftest import Command


@pytest.fixture
def filled(migrated: Path) -> None:
    """A database in which a process has written, a minute long."""

    async def fill(database: Database) -> None:
        crew, begin = new_id(), now()
        rows: list[dict[str, Any]] = [
            {
                "at": begin - timedelta(seconds=10 * tick),
                "process": crew,
                "started_at": begin,
                "node": "here",
                "pid": 42,
                "seconds": 10.0,
                "processes": 1,
                "requests": 100,
                "errors": 5,
                "latency_03": 100,
                "latency_sum": 0.4,
                "cache_hits": 1,
                "cache_misses": 3,
                "flights": 2,
                "flight_items": 6,
                "memory": 64 * 2**20,
                "disk_free": 2**31,
                "disk_size": 2**33,
                "cpu": 5.0,
            }
            for tick in range(1, 6)
        ]
        await write_rows(database, rows)
        error = {"method": "GET", "route": "/x", "status": 500, "problem": "internal", "title": "T", "error": "OSError"}
        place = {"id": new_id(), "at": begin, "request_id": "an-id", "node": "here", "pid": 42}
        await database.execute(statements.WRITE_ERROR, **error, **place)
        await measure(database, now)

    async def work() -> None:
        async with opened(f"sqlite:///{migrated / 'data' / 'roadbed.db'}") as database:
            await fill(database)

    asyncio.run(work())


def lines(text: str) -> dict[str, list[str]]:
    return {name: rest for name, *rest in (line.split("\t") for line in text.splitlines())}


@pytest.mark.usefixtures("filled")
def test_figures_are_told(roadbed: Command) -> None:
    done = roadbed("stats")
    found = lines(done.out)
    assert (done.code, done.err) == (0, "")
    assert [found[name] for name in ("requests/s", "errors", "cache hits", "flight size", "processor", "memory")] == [
        ["10.0", "10.0"],
        ["25 (5.00%)", "25 (5.00%)"],
        ["5 (25.00%)", "5 (25.00%)"],
        ["3.0", "3.0"],
        ["0.50 cores", "0.50 cores"],
        ["64.0 MiB", "64.0 MiB"],
    ]
    assert found["latency"][0] == "p50 3.8  p90 4.8  p99 5.0 ms"
    assert found["disk free"][0] == "2.0 GiB of 8.0 GiB"


@pytest.mark.usefixtures("filled")
def test_processes_storage_and_errors_are_told(roadbed: Command) -> None:
    out = roadbed("stats").out.splitlines()
    sections = [line for line in out if line.startswith("# ")]
    process = next(line for line in out if line.startswith("here\t")).split("\t")
    table = next(line for line in out if line.startswith("statistic\t"))
    failed = out[-1].split("\t")
    assert sections == ["# Processes", "# Storage", "# Failed requests"]
    assert (process[1], process[3:]) == ("42", ["10.0", "0.50", "64.0 MiB"])
    assert (table, failed[1:]) == ("statistic\t5\t-", ["500", "GET /x", "OSError", "an-id"])


@pytest.mark.usefixtures("filled")
def test_json_is_for_programs(roadbed: Command) -> None:
    found = msgspec.json.decode(roadbed("stats", "--json").out)
    assert list(found) == ["latest", "hour", "workers", "storage", "errors"]
    assert (found["hour"]["requests"], found["workers"][0]["pid"], found["errors"][0]["type"]) == (
        500,
        42,
        "urn:roadbed:problem:internal",
    )


@pytest.mark.usefixtures("migrated")
def test_nothing_written_is_said(roadbed: Command) -> None:
    done = roadbed("stats")
    assert (done.code, done.out) == (0, "No figures of the last hour: no process has written any.\n")
    assert msgspec.json.decode(roadbed("stats", "--json").out)["latest"] is None


def test_without_a_database_it_says_how_to_get_one(roadbed: Command, folder: Path) -> None:
    done = roadbed("stats")
    assert (done.code, done.out, done.err) == (
        2,
        "",
        "roadbed: there is no database at data/roadbed.db yet: `roadbed up` makes it\n",
    )
    assert not (folder / "data").exists()


@pytest.mark.usefixtures("migrated")
def test_another_schema_is_refused(roadbed: Command) -> None:
    done = roadbed("stats", "--domains", "ledger,kv")
    assert (done.code, "kv_0001 missing; run `roadbed migrate upgrade`" in done.err) == (1, True)


@pytest.mark.usefixtures("filled")
def test_watching_looks_again_until_it_is_interrupted(roadbed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(statistics, "sleep", pause)
    done = roadbed("stats", "--watch")
    assert (done.code, done.out.count("# Processes"), pauses) == (0, 3, [2.0] * 3)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1.5 * 2**20, "1.5 MiB"), (2**40, "1,024.0 GiB")],
)
def test_sizes(count: float, words: str) -> None:
    assert statistics.size(count) == words
