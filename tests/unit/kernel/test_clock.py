"""Times are UTC with microseconds, and microseconds count exactly."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.kernel.clock import EPOCH, from_micros, now, to_micros

AWARE = st.datetimes(timezones=st.just(UTC))


def test_now_is_aware_and_utc() -> None:
    assert now().utcoffset() == timedelta(0)


def test_now_does_not_stand_still() -> None:
    first = now()
    while now() == first:
        pass
    assert now() > first


@pytest.mark.parametrize(
    ("micros", "instant"),
    [
        (0, EPOCH),
        (1, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (1_000_000, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (253_402_300_799_999_999, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (-62_135_596_800_000_000, datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_micros_and_instants_are_the_same(micros: int, instant: datetime) -> None:
    assert (to_micros(instant), from_micros(micros)) == (micros, instant)


@given(AWARE)
def test_every_instant_survives(instant: datetime) -> None:
    assert from_micros(to_micros(instant)) == instant


@given(AWARE, st.integers(min_value=-14, max_value=14))
def test_the_zone_does_not_matter(instant: datetime, hours: int) -> None:
    try:
        elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))
    except OverflowError:
        return
    assert to_micros(elsewhere) == to_micros(instant)


@given(AWARE, AWARE)
def test_the_order_is_kept(first: datetime, second: datetime) -> None:
    assert (to_micros(first) < to_micros(second)) == (first < second)


@pytest.mark.parametrize("micros", [253_402_300_800_000_000, -62_135_596_800_000_001, 2**63])
def test_what_no_calendar_has_is_refused(micros: int) -> None:
    with pytest.raises(OverflowError):
        from_micros(micros)
