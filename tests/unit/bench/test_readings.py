"""Files of measurements: the same rows in the contract's form and in PostgreSQL's."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import msgspec
import pytest

from bench.harness import readings
from roadbed.domains.telemetry.csv_rows import CsvRows

ROWS = 1000


@pytest.fixture
def files(tmp_path: Path) -> readings.Files:
    return readings.write(tmp_path, ROWS)


def test_both_files_hold_the_same_rows_in_the_same_order(files: readings.Files) -> None:
    parser = CsvRows()
    batches = [*parser.feed(files.messy.read_bytes()), *parser.finish()]
    ready = [line.split(",") for line in files.clean.read_text().splitlines()]

    assert [bad for batch in batches for bad in batch.bad] == []
    assert [signal for batch in batches for signal in batch.signals] == [int(row[0]) for row in ready]
    assert [value for batch in batches for value in batch.values] == [float(row[2]) for row in ready]
    instants = [instant for batch in batches for instant in batch.instants]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert instants == [(datetime.fromisoformat(row[1]) - epoch) // timedelta(microseconds=1) for row in ready]


def test_every_row_is_new(files: readings.Files) -> None:
    keys = [tuple(line.split(",")[:2]) for line in files.clean.read_text().splitlines()]

    assert len(keys) == len(set(keys)) == files.rows == ROWS


def test_rows_are_out_of_order_and_not_far(files: readings.Files) -> None:
    times = [line.split(",")[1] for line in files.clean.read_text().splitlines()]

    assert times != sorted(times)
    assert times[0][:10] == times[1][:10] == "2021-11-01"


def test_the_files_are_the_same_every_time(files: readings.Files, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()

    assert readings.write(again, ROWS).messy.read_bytes() == files.messy.read_bytes()


def test_the_catalogue_names_every_signal(files: readings.Files) -> None:
    assets, signals = (msgspec.json.decode(path.read_bytes()) for path in files.catalogue)

    assert [int(signal["SignalId"]) for signal in signals] == list(readings.SIGNALS)
    assert {signal["AssetId"] for signal in signals} == {asset["AssetID"] for asset in assets}


def test_days_lie_in_the_month() -> None:
    for asked in readings.days(50):
        signal, _, query = asked.partition("?")
        since, until = (datetime.fromisoformat(parse_qs(query)[name][0]) for name in ("from", "to"))
        assert int(signal) in readings.SIGNALS
        assert until - since == timedelta(days=1)
        assert (since.year, since.month) == (2021, 11)
