"""Several processes on one database, all at the same few accounts, ids and keys."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from roadbed.domains.ledger.model import Transaction
from tests.integration.ledger.books import audit, read_books
from tests.integration.ledger.databases import opened
from tests.integration.ledger.programs import World
from tests.integration.ledger.worker import Report, Task

ROOT = Path(__file__).parents[3]
FORESEEN = {"already-reversed", "balance-floor", "id-taken", "idempotency-key-reused", "not-found"}
TIMEOUT = 120


def new_world(chosen: int) -> World:
    return World([uuid4() for _ in range(4)], [uuid4() for _ in range(chosen)], uuid4().bytes)


def at_once(tasks: list[Task]) -> list[Report]:
    """Run a process per task; all begin when the last one is ready."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.ledger.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        for _ in tasks
    ]
    try:
        for worker, task in zip(workers, tasks, strict=True):
            say(worker, msgspec.json.encode(task))
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
        for worker in workers:
            say(worker, b"go")
        said = [worker.communicate(timeout=TIMEOUT)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    return [msgspec.json.decode(text, type=Report) for text in said]


def say(worker: "subprocess.Popen[bytes]", line: bytes) -> None:
    assert worker.stdin is not None
    worker.stdin.write(line + b"\n")
    worker.stdin.flush()


async def check(url: str, processes: int, waves: int, chosen: int) -> None:
    world = new_world(chosen)
    reports = at_once([Task(url, world, seed, waves) for seed in range(processes)])
    async with opened(url) as one:
        books = await read_books(one.database, world.accounts)
    audit(books)
    stored = {row.transaction_id: row for row in books.rows()}
    fresh: list[Transaction] = [leg for report in reports for legs in report.fresh for leg in legs]
    assert sorted(leg.transaction_id for leg in fresh) == sorted(stored)
    assert all(stored[leg.transaction_id] == leg for leg in fresh)
    assert all(stored[leg.transaction_id] == leg for report in reports for legs in report.again for leg in legs)
    # They did meet; and whoever was refused was refused for a reason of its own.
    assert any(report.again for report in reports)
    assert {kind for report in reports for kind in report.refused} <= FORESEEN


async def test_processes_on_one_database(ledger_url: str) -> None:
    await check(ledger_url, processes=2, waves=25, chosen=60)


@pytest.mark.soak
async def test_processes_on_one_database_for_long(ledger_url: str) -> None:
    for _ in range(5):
        await check(ledger_url, processes=4, waves=200, chosen=2000)
