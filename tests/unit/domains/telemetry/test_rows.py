"""Rows of the three formats: what is read, what is left out and why, and that neither cuts nor neighbours matter."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadbed.domains.telemetry import json_rows
from roadbed.domains.telemetry.csv_rows import CsvRows
from roadbed.domains.telemetry.json_rows import ArrayRows, NdjsonRows
from roadbed.domains.telemetry.rows import LONGEST_ROW, Batch, Gathered, Rows
from roadbed.kernel.clock import EPOCH, to_micros
from roadbed.kernel.errors import Invalid

HEADER = b"Ts|SignalId|MeasurementValue\n"
GOOD = "2021-11-07 23:59:03.762|427038|116,129"
READ = (427038, to_micros(datetime.fromisoformat("2021-11-07T23:59:03.762Z")), 116.129)
NOON = to_micros(datetime.fromisoformat("2024-05-01T12:00:00Z"))

Found = tuple[list[tuple[int, int, float]], list[tuple[int, str, str]]]


def read(parser: Rows, parts: Iterable[bytes]) -> Found:
    """Return good rows with their lines' texts checked, and bad ones."""
    good: list[tuple[int, int, float]] = []
    bad: list[tuple[int, str, str]] = []
    batches = [batch for part in parts for batch in parser.feed(part)] + [*parser.finish()]
    for batch in batches:
        good += zip(batch.signals, batch.instants, batch.values, strict=True)
        bad += [(row.line, row.reason, row.text) for row in batch.bad]
        assert len(batch.lines) == len(batch.signals) <= len(batch.texts())
    return good, bad


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


TAKEN = [
    (GOOD, READ),
    ("2024-05-01T12:00:00|1|1", (1, NOON, 1.0)),
    ("2024-05-01 12:00|1|-1,5", (1, NOON, -1.5)),
    ("20240501T12:00:00|1|+,5", (1, NOON, 0.5)),
    ("2024-05-01 14:00:00+02:00|1|1.", (1, NOON, 1.0)),
    ("2024-05-01 12:00:00Z|-9223372036854775808|1e-3", (-(2**63), NOON, 0.001)),
    (" 2024-05-01 12:00:00 | 9223372036854775807 | 1E100 \r", (2**63 - 1, NOON, 1e100)),
    ("2024-05-01 12:00:00,000001|007|0", (7, NOON + 1, 0.0)),
    ("2024-05-01 12:00:00.0000019|7|0", (7, NOON + 1, 0.0)),
]

REFUSED = [
    ("", None),
    ("   ", None),
    ("\r", None),
    ("x", "3 fields are expected, separated by '|'; there are 1"),
    (GOOD + "|", "3 fields are expected, separated by '|'; there are 4"),
    (GOOD[:-8], "3 fields are expected, separated by '|'; there are 2"),
    *((f"{time}|1|1", "is no time such as 2021-11-07 23:59:03.762") for time in (
        "", "now", "2024-05-01", "2024-13-01 00:00:00", "2024-02-30 00:00:00", "2024-05-01-12:00:00", "1714567800",
        "2024-W18-3 12:00:00", "2024-05-01 12:00:61", "24-05-01 12:00:00", "0000-01-01 00:00:00", "01.05.2024 12:00",
        "2024-05-01 12:00:00 CET", "٢٠٢٤-05-01 12:00:00",
    )),
    ("0001-01-01 00:00:00+01:00|1|1", "the time is not within the years 1 to 9999, UTC"),
    ("9999-12-31 23:59:59-01:00|1|1", "the time is not within the years 1 to 9999, UTC"),
    *((f"2024-05-01 12:00:00|{signal}|1", "is no integer of 64 bits") for signal in (
        "", "x", "1.0", "1e3", "9223372036854775808", "+1", "1_0", "0x1", "١", "1 0",
    )),
    *((f"2024-05-01 12:00:00|1|{value}", "is no number such as 116,129") for value in (
        "", "x", "nan", "inf", "-Infinity", "1_0", "1.234,5", "1 0", "0x1", "١", "--1", ",", "1e",
    )),
    *((f"2024-05-01 12:00:00|1|{value}", "the value is beyond ±1e100") for value in ("1e101", "-1e999", "9" * 102)),
    ("2024-05-01 12:00:00|1|" + "1" * LONGEST_ROW, f"the line has more than {LONGEST_ROW} bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "row"), TAKEN)
def test_a_row_of_csv_is_read(text: str, row: tuple[int, int, float]) -> None:
    for around in ([], [GOOD]):
        body = HEADER + "\n".join([*around, text, *around]).encode()
        assert read(CsvRows(), [body]) == ([*[READ] * len(around), row, *[READ] * len(around)], [])


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_a_row_of_csv_is_left_out(text: str, reason: str | None) -> None:
    body = HEADER + f"{GOOD}\n{text}\n{GOOD}\n".encode()
    good, bad = read(CsvRows(), [body])
    assert good == [READ, READ]
    assert [(line, reason is not None and reason in why) for line, why, _ in bad] == (
        [] if reason is None else [(3, True)]
    )
    assert all(text.startswith(shown) or len(shown) < 1001 for _, _, shown in bad)


def test_a_line_that_is_no_utf8_is_left_out_as_it_was() -> None:
    good, bad = read(CsvRows(), [HEADER + b"2024-05-01 12:00:00|1|\xff\n" + GOOD.encode()])
    assert (good, bad) == ([READ], [(2, "the line is not UTF-8", "2024-05-01 12:00:00|1|\ufffd")])


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("\ufeffTs|SignalId|MeasurementValue", "2024-05-01 12:00:00|1|2"),
        ("MeasurementValue|Ts|SignalId\r", "2|2024-05-01 12:00:00|1\r"),
        ("\n \nSignalId | MeasurementValue | Ts", "1|2|2024-05-01 12:00:00"),
        ('"Ts"|"SignalId"|"MeasurementValue"', "2024-05-01 12:00:00|1|2"),
    ],
)
def test_columns_come_in_any_order(header: str, line: str) -> None:
    assert read(CsvRows(), [f"{header}\n{line}\n".encode()]) == ([(1, NOON, 2.0)], [])


@pytest.mark.parametrize(
    "header", ["", "\n\n", "Ts|SignalId", "Ts|SignalId|Value", "Ts,SignalId,MeasurementValue", GOOD, "\xff"]
)
def test_what_has_no_header_is_refused_whole(header: str) -> None:
    with pytest.raises(Invalid, match=r"Expected a header with the columns Ts, SignalId, MeasurementValue, but "):
        read(CsvRows(), [header.encode("latin-1")])


OBJECT: dict[str, Any] = {"signal_id": 1, "timestamp": "2024-05-01T12:00:00", "value": 2}

OBJECTS: list[tuple[Any, tuple[int, int, float] | str]] = [
    (OBJECT, (1, NOON, 2.0)),
    (OBJECT | {"timestamp": "2024-05-01T14:00:00.000001+02:00", "value": -1e100}, (1, NOON + 1, -1e100)),
    (OBJECT | {"value": "2"}, "Expected `number`, got `string` - at `$.value`"),
    (OBJECT | {"value": None}, "Expected `number`, got `null`"),
    (OBJECT | {"value": 1e101}, "`number` <= 1e+100"),
    (OBJECT | {"value": True}, "Expected `number`, got `boolean`"),
    (OBJECT | {"signal_id": 1.0}, "Expected `integer`, got `number`"),
    (OBJECT | {"signal_id": 2**63}, "at `$.signal_id`"),
    (OBJECT | {"timestamp": "2024-05-01"}, "Invalid RFC3339"),
    (OBJECT | {"timestamp": "0001-01-01T00:00:00+01:00"}, "the time is not within the years"),
    (OBJECT | {"unit": "}, {"}, "unknown field `unit`"),
    ({"signal_id": 1, "value": 1}, "missing required field `timestamp`"),
    ([], "Expected `object`"),
    (7, "Expected `object`, got `integer`"),
    ("x}" * 40_000, "the row has more than"),
]


@pytest.mark.parametrize("make", [NdjsonRows, ArrayRows])
@pytest.mark.parametrize(("row", "expected"), OBJECTS, ids=str)
def test_an_object_is_read_or_left_out(make: Callable[[], Rows], row: Any, expected: Any) -> None:
    texts = [json.dumps(one) for one in (OBJECT, row, OBJECT)]
    body = "\n".join(texts) if make is NdjsonRows else f" [{', '.join(texts)} ] "
    good, bad = read(make(), [body.encode()])
    around = (1, NOON, 2.0)
    if isinstance(expected, tuple):
        assert (good, bad) == ([around, expected, around], [])
    else:
        assert (good, [(line, expected in why) for line, why, _ in bad]) == ([around, around], [(2, True)])


def test_lines_that_are_no_json_are_left_out() -> None:
    body = f"\n{json.dumps(OBJECT)}\n{{\n  \n{'[' * 5000}\n\xff\n".encode("latin-1")
    good, bad = read(NdjsonRows(), [body])
    assert (good, [line for line, _, _ in bad]) == ([(1, NOON, 2.0)], [3, 5, 6])


@pytest.mark.parametrize(
    "body", ["", "{}", "[", "[}", "[1,]", "[,1]", "[1] [2]", '[{"a":1}', "7", '["x', "[1 2]", "[]x"]
)
def test_what_is_no_array_is_refused(body: str) -> None:
    with pytest.raises(Invalid, match="Expected a JSON array of objects"):
        read(ArrayRows(), [body.encode()])
    assert read(ArrayRows(), [b" [ ] "]) == ([], [])


def test_an_array_that_breaks_off_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", 100)
    text = json.dumps(OBJECT)
    with pytest.raises(Invalid, match="what came before row 4 is stored"):
        read(ArrayRows(100), [f"[{text},{text},{text},{text}".encode()])
    with pytest.raises(Invalid, match="Expected a JSON array"):
        read(ArrayRows(100), [b"[", *[b"1" * 50_000] * 8])


LINES = st.lists(st.sampled_from([text for text, _ in [*TAKEN, *REFUSED]][:-1]), max_size=8)


@settings(max_examples=150, deadline=None)
@given(lines=LINES, size=st.integers(1, 90), block=st.integers(1, 200))
def test_neither_cuts_nor_neighbours_change_a_row(lines: list[str], size: int, block: int) -> None:
    alone: Found = ([], [])
    for number, line in enumerate(lines, 2):
        good, bad = read(CsvRows(), [HEADER + line.encode()])
        alone[0].extend(good)
        alone[1].extend((number, reason, text) for _, reason, text in bad)
    assert read(CsvRows(block=block), cut(HEADER + "\n".join(lines).encode(), size)) == alone


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(st.sampled_from([row for row, _ in OBJECTS][:-1]), max_size=8),
    size=st.integers(1, 90),
    block=st.integers(1, 200),
)
def test_cuts_change_no_object(values: list[Any], size: int, block: int) -> None:
    texts = [json.dumps(value) for value in values]
    array, lines = f"[{','.join(texts)}]".encode(), "\n".join(texts).encode()
    whole = read(ArrayRows(), [array])
    assert whole == read(NdjsonRows(), [lines])
    assert read(ArrayRows(block), cut(array, size)) == whole == read(NdjsonRows(block), cut(lines, size))


def test_a_row_of_an_unknown_signal_is_left_out_as_it_was() -> None:
    (batch,) = CsvRows().feed(HEADER + f"x\n{GOOD}\n2024-05-01 12:00:00|7|1,50\n".encode() * 30_000)
    assert batch.size == 90_000
    kept = batch.without({7})
    assert (len(kept.signals), len(kept.bad), kept.size) == (30_000, 60_000, 90_000)
    assert [(row.line, row.reason, row.text) for row in kept.bad[:3]] == [
        (2, "3 fields are expected, separated by '|'; there are 1", "x"),
        (4, "there is no signal 7", "2024-05-01 12:00:00|7|1,50"),
        (5, "3 fields are expected, separated by '|'; there are 1", "x"),
    ]
    assert (kept.lines[1], kept.texts()[1], EPOCH.year) == (6, GOOD, 1970)


def gathered(*several: Batch) -> Batch | None:
    found = Gathered()
    for batch in several:
        found.add(batch)
    whole = found.take()
    assert found.take() is None
    return whole


def test_small_batches_become_one() -> None:
    assert gathered() is None
    lines = [*("2024-01-01 00:00:00|1|1,5\n" * 9).splitlines(keepends=True), "bad\n", "2024-01-01 00:00:01|2|-1\n"]
    body = HEADER + "".join(lines).encode()
    parser = CsvRows(block=60)
    several = [batch for part in cut(body, 10) for batch in parser.feed(part)] + [*parser.finish()]
    assert len(several) > 2
    parser = CsvRows()
    (one,) = [*parser.feed(body), *parser.finish()]
    whole = gathered(*several)
    assert whole is not None
    for name in ("signals", "instants", "values", "bad"):
        assert getattr(whole, name) == getattr(one, name)
    assert [*whole.lines] == [*one.lines]
    # Those of an unknown signal are told of with their line and their text.
    assert whole.without({2}).bad == one.without({2}).bad
    assert gathered(one) is one
