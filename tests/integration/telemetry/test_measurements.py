"""Measurements come in by three formats in any order, and come out by signal and time, as of a dictionary."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadbed.domains.telemetry import reads
from roadbed.domains.telemetry.csv_rows import CsvRows
from roadbed.domains.telemetry.json_rows import ArrayRows, NdjsonRows
from roadbed.domains.telemetry.model import Ingested, NewSignal, Reject
from roadbed.domains.telemetry.pages import Cursor, Window
from roadbed.domains.telemetry.rows import Rows
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import EPOCH
from roadbed.kernel.errors import Conflict, Invalid, NotFound
from tests.integration.telemetry.databases import csv, ingest, parts, stored

Row = tuple[str, int, float]
SECOND = timedelta(seconds=1)


def as_json(rows: list[Row]) -> list[str]:
    return [json.dumps({"signal_id": signal, "timestamp": time, "value": value}) for time, signal, value in rows]


FORMATS: dict[str, tuple[Callable[[], Rows], Callable[[list[Row]], bytes]]] = {
    "csv": (CsvRows, lambda rows: csv(*rows)),
    "ndjson": (NdjsonRows, lambda rows: "\n".join(as_json(rows)).encode()),
    "array": (ArrayRows, lambda rows: f"[{','.join(as_json(rows))}]".encode()),
}

# Few keys, so that rows meet: within one ingest, and with what is there.
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5).map(lambda second: (EPOCH + second * SECOND).isoformat()),
        st.sampled_from([1, 2, 9]),
        st.sampled_from([0.5, 1.0]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs=st.lists(ROWS, min_size=1, max_size=3), offset=st.integers(1, 30_000))
async def test_the_later_write_wins(service: Telemetry, form: str, programs: list[list[Row]], offset: int) -> None:
    make, write = FORMATS[form]
    start = EPOCH + timedelta(days=offset)
    model = {(row.signal_id, row.timestamp): row.value for row in await stored(service)}
    for program in programs:
        moved = [
            ((datetime.fromisoformat(time) + (start - EPOCH)).isoformat(), signal, value)
            for time, signal, value in program
        ]
        before, good = dict(model), 0
        for time, signal, value in moved:
            if signal != 9:
                good += 1
                model[signal, datetime.fromisoformat(time)] = value
        found = await service.ingest(parts(write(moved), 50), make())
        inserted = len(model.keys() - before.keys())
        replaced = sum(before[key] != model[key] for key in before)
        assert (found.inserted, found.replaced, found.unchanged, found.rejected) == (
            inserted,
            replaced,
            good - inserted - replaced,
            len(moved) - good,
        )
        assert {reject.reason for reject in found.rejects} <= {"there is no signal 9"}
    rows = [((row.signal_id, row.timestamp), row.value) for row in await stored(service)]
    assert sorted(model.items()) == rows


async def test_what_was_sent_is_what_is_read(service: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "ROWS_AT_ONCE", 3)
    times = [EPOCH + place * SECOND / 4 for place in range(10)]
    await ingest(
        service, *((time.isoformat(), 2, place) for place, time in enumerate(times)), ("1969-12-31 23:59", 1, 7)
    )
    read = await stored(service, (2, 1, 1, 77))
    assert [(row.signal_id, row.timestamp, row.value, row.unit) for row in read] == [
        (1, datetime(1969, 12, 31, 23, 59, tzinfo=UTC), 7.0, "kV"),
        *((2, time, float(place), "kV") for place, time in enumerate(times)),
    ]
    window = Window(times[2], times[8])
    assert [row.timestamp for row in await stored(service, (2,), window)] == times[2:9]
    assert await stored(service, (2,), Window(times[9] + SECOND)) == []


async def test_the_first_and_the_last_instant_are_kept(service: Telemetry) -> None:
    ends = ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]
    assert (await ingest(service, *((time, 1, 1) for time in ends))).inserted == 2
    assert [row.timestamp for row in await stored(service)] == [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ]
    assert (await service.last_value(1)).timestamp == datetime.max.replace(tzinfo=UTC)


async def test_the_last_values(service: Telemetry) -> None:
    await ingest(service, ("2024-01-02 00:00", 1, 2), ("2024-01-03 00:00", 1, 3), ("2024-01-01 00:00", 3, 1))
    first = await service.last_values(1, None, True)
    assert ([row.value for row in first.items], first.next, first.total) == ([3.0], Cursor(1), 3)
    second = await service.last_values(1, first.next, False)
    assert ([row.signal_id for row in second.items], second.next) == ([3], None)
    assert (await service.last_value(1)).value == 3.0
    for signal, words in ((2, "Signal 2 has no measurement"), (4, "There is no signal 4")):
        with pytest.raises(NotFound, match=words):
            await service.last_value(signal)


async def test_a_signal_belongs_to_an_asset_and_has_its_gid_alone(service: Telemetry) -> None:
    with pytest.raises(Conflict, match="There is no asset 9"):
        await service.put_signal(4, NewSignal(UUID(int=4), "four", 9, "A"))
    with pytest.raises(Conflict):
        await service.put_signal(4, NewSignal(UUID(int=1), "four", 1, "A"))
    with pytest.raises(NotFound):
        await service.signal(4)
    moved = await service.put_signal(1, NewSignal(UUID(int=1), "one", 2, "A"))
    assert (moved.created, moved.row.asset_id) == (False, 2)
    assets = await service.list_assets(10, None, True)
    assert [[signal.signal_id for signal in asset.signals] for asset in assets.items] == [[2], [1, 3]]
    assert assets.total == 2


async def test_a_reply_tells_of_a_hundred_rejected_rows(service: Telemetry) -> None:
    found = await ingest(service, *(("2024-01-01 00:00", 8, 1) for _ in range(150)))
    assert found == Ingested(0, 0, 0, 150, [Reject(line, "there is no signal 8") for line in range(2, 102)])


async def test_what_came_before_a_body_breaks_off_is_stored(service: Telemetry) -> None:
    """Rows are parsed in small slices and written in large batches: a refusal keeps none of them back."""
    row = '{"signal_id":1,"timestamp":"2024-01-01T00:00:%02dZ","value":1}'
    body = "[" + ",".join(row % second for second in range(50)) + ",nonsense"
    with pytest.raises(Invalid) as refused:
        await service.ingest(parts(body.encode(), 200), ArrayRows(400))
    found = re.search(r"what came before row (\d+) is stored", str(refused.value.faults[0].detail))
    assert found is not None
    assert len(await stored(service)) == int(found[1]) - 1 > 40
