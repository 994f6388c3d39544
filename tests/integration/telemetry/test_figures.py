"""Telemetry's figures: what becomes of rows, and how old the newest of each unit is."""

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from roadbed.data.bulk import BulkTable, Columns
from roadbed.data.flights import Told
from roadbed.domains.telemetry.figures import FRESHNESS, MEASUREMENTS, Freshness
from roadbed.domains.telemetry.json_rows import ArrayRows
from roadbed.domains.telemetry.model import NewSignal
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Invalid
from roadbed.runtime.counters import Counters
from tests.integration.telemetry.databases import ingest, parts


def counting(service: Telemetry) -> tuple[Telemetry, Counters]:
    """Return telemetry on the same database that counts, and what it counts with."""
    counters = Counters([MEASUREMENTS])
    return Telemetry(service._database, now, counters), counters


def taken(counters: Counters) -> dict[str, float]:
    return {values[0]: amount for _, values, count in counters.all() if (amount := count.take())}


async def test_rows_by_what_became_of_them(service: Telemetry) -> None:
    counted, counters = counting(service)
    await ingest(counted, ("2026-01-01 00:00:00", 1, 5), ("2026-01-01 00:00:01", 1, 6), ("2026-01-01 00:00:00", 9, 1))
    assert taken(counters) == {"inserted": 2, "rejected": 1}
    await ingest(counted, ("2026-01-01 00:00:00", 1, 5), ("2026-01-01 00:00:01", 1, 7), ("never", 1, 1))
    assert taken(counters) == {"unchanged": 1, "replaced": 1, "rejected": 1}


async def test_what_came_before_a_body_went_wrong_is_stored_and_counted(service: Telemetry) -> None:
    counted, counters = counting(service)
    body = b'[{"signal_id": 1, "timestamp": "2026-01-01T00:00:00Z", "value": 5}, what'
    with pytest.raises(Invalid):
        await counted.ingest(parts(body, body.index(b"what")), ArrayRows(block=16))
    assert taken(counters) == {"inserted": 1}


class Held(list[Any]):
    """A column that holds the thread which writes it until a test lets it go."""

    entered, opened = threading.Event(), threading.Event()

    def __len__(self) -> int:
        self.entered.set()
        self.opened.wait(30)
        return super().__len__()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_rows_that_come_in_after_their_client_has_left_are_counted(
    service: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL what nobody waits for is broken off; SQLite's thread writes it to its end."""
    counted, counters = counting(service)
    merge = service._database.merge
    hold = Held()

    def held(table: BulkTable, columns: Columns, told: Told | None = None) -> Any:
        hold.extend(columns[0])
        return merge(table, [hold, *columns[1:]], told)

    monkeypatch.setattr(service._database, "merge", held)
    rows = ("2026-01-01 00:00:00", 1, 5), ("2026-01-01 00:00:01", 1, 6), ("2026-01-01 00:00:00", 9, 1)
    left = asyncio.ensure_future(ingest(counted, *rows))
    await asyncio.to_thread(hold.entered.wait, 30)
    left.cancel()
    await asyncio.wait((left,))
    assert taken(counters) == {}
    hold.opened.set()
    # Behind it in the queue of the writer.
    await service.put_signal(4, NewSignal(UUID(int=4), "signal 4", 2, "A"))
    assert taken(counters) == {"inserted": 2, "rejected": 1}


async def test_the_newest_of_each_unit(service: Telemetry) -> None:
    assert await service._database.fetch(FRESHNESS.query) == []
    await service.put_signal(4, NewSignal(UUID(int=4), "signal 4", 2, "A"))
    await ingest(
        service,
        ("2026-01-03 00:00:00", 1, 5),
        ("2026-01-01 00:00:00", 1, 5),
        ("2026-01-02 00:00:00", 2, 5),
        ("2026-01-09 00:00:00", 4, 5),
    )
    ninth = datetime(2026, 1, 9, tzinfo=UTC)
    assert await service._database.fetch(FRESHNESS.query) == [
        Freshness("kV", 2, datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        Freshness("A", 1, ninth, ninth),
    ]
