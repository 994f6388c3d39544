"""Columns that are read at once: what comes out is what reading one by one gives, or nothing does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.domains.telemetry.csv_columns import read_instants, read_reals
from roadbed.kernel.clock import to_micros

TIMES = st.datetimes(min_value=datetime.fromisoformat("1000-01-01"), timezones=st.just(UTC))


def written(time: datetime, decimals: int, between: str = " ") -> bytes:
    text = time.strftime(f"{time.year:04}-%m-%d{between}%H:%M:%S.%f")
    return text[: 20 + decimals if decimals else 19].encode()


@given(times=st.lists(TIMES, min_size=1, max_size=5), decimals=st.integers(0, 6), between=st.sampled_from(" T"))
def test_times_of_one_form_are_read(times: list[datetime], decimals: int, between: str) -> None:
    unit = 10 ** (6 - decimals)
    expected = [to_micros(time.replace(microsecond=time.microsecond // unit * unit)) for time in times]
    assert read_instants([written(time, decimals, between) for time in times]) == expected


@given(times=st.lists(st.tuples(TIMES, st.integers(1, 6)), min_size=1, max_size=5))
def test_times_of_several_forms_are_read_one_by_one(times: list[tuple[datetime, int]]) -> None:
    texts = [written(time, decimals) for time, decimals in times]
    expected = [to_micros(datetime.fromisoformat(f"{text.decode()}Z")) for text in texts]
    assert read_instants(texts) == expected


def test_years_before_1000_are_read() -> None:
    assert read_instants([b"0001-01-01 00:00:00"]) == [-62_135_596_800_000_000]
    assert read_instants([b"0999-12-31 23:59:59.5"]) == [-30_610_224_000_500_000]


GOOD = b"2021-11-07 23:59:03.762"


@pytest.mark.parametrize(
    "time",
    [
        b"", b"2021-11-07", b"2021-11-07 23:59", b"2021-11-07 24:00:00.000", b"2021-11-07 23:60:03.762",
        b"2021-11-07 23:59:60.000", b"2021-13-07 23:59:03.762", b"2021-02-29 23:59:03.762", b"2021-11-07-23:59:03.762",
        b"2021-11-07 23:59:03.7-2", b"2021-11-07 23:59:03:762", b"2021-11-07 2T:59:03.762", b"2021-11-07 23:59:03.7+1",
        b"0000-11-07 23:59:03.762", b"2021-11-07 23.59:03.762", b"20211107T23:59:03.76200", b"2021-11-07 23:59:03.76 ",
        b"2021-11-07 -1:59:03.762", b"2021-11-07 23:59:03.+62",
    ],
)  # fmt: skip
def test_one_that_is_no_time_is_told_of(time: bytes) -> None:
    for times in ([time], [GOOD, time], [time, GOOD], [GOOD, time, GOOD]):
        with pytest.raises((ValueError, IndexError)):
            read_instants(times)


def test_what_one_time_lacks_another_cannot_make_up_for() -> None:
    """Two times of 22 and 24 characters: together they are as long as two of 23."""
    with pytest.raises(ValueError, match="not all of these are times"):
        read_instants([GOOD[:-1], b"2" + GOOD])
    with pytest.raises(ValueError, match="not all of these are times"):
        read_instants([GOOD, GOOD[:-1], b"2" + GOOD])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False).map(lambda value: f"{value:.15f}"), min_size=1))
def test_numbers_are_read_as_python_reads_them(texts: list[str]) -> None:
    assert list(map(repr, read_reals([text.encode() for text in texts]))) == [repr(float(text)) for text in texts]


@pytest.mark.parametrize(
    "text", ["+1", ".5", "5.", "007", "-0", "-0 ", "-.5", "1", "-0.0", "-12", " 1 ", "9" * 400, "0" * 400]
)
def test_numbers_of_other_forms_are_read_too(text: str) -> None:
    for texts in ([text], ["1.5", text], [text, "-0.25"]):
        assert list(map(repr, read_reals([each.encode() for each in texts]))) == [repr(float(each)) for each in texts]


@pytest.mark.parametrize("text", ["", " ", "-", ".", "1 0", "1.2.3", "--1", "1-0", "1:0", "T", "+-1"])
def test_one_that_is_no_number_is_told_of(text: str) -> None:
    for texts in ([text], ["1.5", text], [text, "1.5"], ["-0", text]):
        with pytest.raises(ValueError, match="could not convert"):
            read_reals([each.encode() for each in texts])
