"""Quantiles of a histogram, as Prometheus works them out."""

from datetime import UTC, datetime, timedelta

import pytest

from roadbed.kernel.ids import new_id
from roadbed.platform.model import Latency
from roadbed.platform.reading import as_worker, latency, quantile
from roadbed.platform.statements import WorkerRow
from roadbed.runtime.measures import DURATIONS


def buckets(**counts: int) -> list[int]:
    return [counts.get(f"b{number}", 0) for number in range(16)]


@pytest.mark.parametrize(
    ("found", "share", "seconds"),
    [
        (buckets(), 0.5, 0.0),
        (buckets(b0=1), 0.5, 0.00025),
        (buckets(b0=100), 0.99, 0.000495),
        (buckets(b3=4), 0.5, 0.00375),
        (buckets(b3=4), 1.0, 0.005),
        (buckets(b0=50, b14=50), 0.5, 0.0005),
        (buckets(b0=50, b14=50), 0.75, 20.0),
        (buckets(b15=1), 0.5, 30.0),
        (buckets(b0=1, b15=99), 0.5, 30.0),
        (buckets(b0=99, b15=1), 0.5, 0.0005 * 50 / 99),
        (buckets(b1=1, b5=1), 0.0, 0.0005),
    ],
)
def test_a_quantile_lies_within_its_bucket(found: list[int], share: float, seconds: float) -> None:
    assert quantile(found, share) == pytest.approx(seconds)


@pytest.mark.parametrize("bucket", range(15))
def test_a_quantile_never_leaves_the_only_bucket(bucket: int) -> None:
    found = buckets(**{f"b{bucket}": 7})
    low = DURATIONS[bucket - 1] if bucket else 0.0
    assert all(low <= quantile(found, share / 100) <= DURATIONS[bucket] for share in range(101))


def test_quantiles_rise() -> None:
    found = list(range(1, 17))
    values = [quantile(found, share / 1000) for share in range(1001)]
    assert values == sorted(values)


def test_latency_is_in_milliseconds() -> None:
    assert latency(buckets(b3=10), 0.04) == Latency(mean=4.0, p50=3.75, p90=4.75, p99=4.975)


def test_latency_of_nothing_is_nothing() -> None:
    assert latency(buckets(), 0.0) == Latency(0.0, 0.0, 0.0, 0.0)


def test_a_process_was_not_seen_in_the_future() -> None:
    begin = datetime(2026, 5, 1, 12, tzinfo=UTC)
    row = WorkerRow(new_id(), "here", 1, begin, begin, 4.0, 8, 1, 0, 0, 0, 0, 2.0, 5, 0, 0)
    seen = [as_worker(row, 10.0, begin + timedelta(seconds=seconds)) for seconds in (4, 15)]
    assert [worker.seen_at - begin for worker in seen] == [timedelta(seconds=4), timedelta(seconds=10)]
    assert (seen[0].requests_per_second, seen[0].cpu) == (2.0, 0.5)
