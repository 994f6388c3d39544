"""Rows out of bytes: the same ones whatever the parts are in which they come."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from roadbed.kernel.errors import Invalid
from roadbed.resource.transfer import lines
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.json_readers import ArrayReader, NdjsonReader
from roadbed.resource.transfer.records import Reader, Record
from roadbed.resource.transfer.rejects import Bad

Rows = list[tuple[int, Any]]

CSV: dict[str, tuple[bytes, Rows]] = {
    "plain": (b"a,b\n1,2\n3,4\n", [(2, ["1", "2"]), (3, ["3", "4"])]),
    "BOM, CRLF, blanks around names": (b"\xef\xbb\xbf a , b \r\n1,2\r\n", [(2, ["1", "2"])]),
    "no end of the last line": (b"a,b\n1,2", [(2, ["1", "2"])]),
    "blank lines are no rows": (b"\n\na,b\n\n1,2\n  \n,\n3,4\n\n", [(5, ["1", "2"]), (8, ["3", "4"])]),
    "quoted": (b'a,b\n"1,""x""","2\r\n\n3"\n4,5\n', [(2, ['1,"x"', "2\r\n\n3"]), (5, ["4", "5"])]),
    "an empty text alone": (b'a\n""\nb\n', [(2, [""]), (3, ["b"])]),
    "truncated": (b"a,b\n1,2\n3", [(2, ["1", "2"]), (3, "2 cells are expected, as in the header; there are 1")]),
    "too many cells": (b"a,b\n1,2,3\n4,5\n", [(2, "there are 3"), (3, ["4", "5"])]),
    "a quotation mark without an end": (
        b'a,b\n1,"2\n3,4\n5,6\n',
        [(2, "does not end"), (3, ["3", "4"]), (4, ["5", "6"])],
    ),
    "something after a quoted cell": (b'a,b\n"1"x,2\n3,4\n', [(2, "expected after"), (3, ["3", "4"])]),
    "a quotation mark within a cell": (b'a,b\n1"x,2\n', [(2, ['1"x', "2"])]),
    "not UTF-8": (b"a,b\n\xff,2\n\xc3\xa9,4\n", [(2, "not UTF-8"), (3, ["é", "4"])]),
    "a lonely return": (b"a,b\n1\r2,3\n4,5\n", [(2, "new-line character"), (3, ["4", "5"])]),
}

NDJSON: dict[str, tuple[bytes, Rows]] = {
    "plain": (b'{"a":1}\n{"a":2}\n', [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    "BOM, CRLF, blank lines, no end": (b'\xef\xbb\xbf{"a":1}\r\n\n \n{"a"', [(1, b'{"a":1}'), (4, b'{"a"')]),
    "nothing": (b"", []),
}

ARRAY: dict[str, tuple[bytes, Rows]] = {
    "plain": (b'[{"a":1},{"a":2}]', [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    "BOM and blanks": (b'\xef\xbb\xbf \n[ {"a":1} ,\n{"a":2}\n]\n ', [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    "nested": (
        b'[{"a":{"b":[1,{"c":"]}"}]}},{"a":"\\"}]"}]',
        [(1, b'{"a":{"b":[1,{"c":"]}"}]}}'), (2, b'{"a":"\\"}]"}')],
    ),
    "arrays for rows": (b"[[1],{}]", [(1, b"[1]"), (2, b"{}")]),
    "none": (b"[ ]", []),
}

WRONG: dict[str, tuple[type[Any], bytes, str, int]] = {
    "CSV without a line": (CsvReader, b"\n\r\n", "Expected CSV with a header", 0),
    "no array": (ArrayReader, b'{"a":1}', "it begins otherwise", 0),
    "nothing at all": (ArrayReader, b" ", "it ends too early", 0),
    "truncated": (ArrayReader, b'[{"a":1},{"a":2},{"a"', "it ends too early; what came before row 3 is stored", 2),
    "truncated in a text": (ArrayReader, b'[{"a":1},{"a":"2', "it ends too early", 1),
    "no objects": (ArrayReader, b'["a"]', "row 1 is no object", 0),
    "numbers": (ArrayReader, b'[{"a":1}, 7, {"a":2}]', "', 7,' stands before row 2", 1),
    "no comma": (ArrayReader, b'[{"a":1} {"a":2}]', "'' stands before row 2", 1),
    "a comma at the end": (ArrayReader, b'[{"a":1},]', "',' stands before row 2", 1),
    "two arrays": (ArrayReader, b'[{"a":1}][{"a":1}]', "something comes after its end", 1),
    "something after it": (ArrayReader, b'[{"a":1}] x', "something comes after its end", 1),
}


def read(reader: Reader, body: bytes, size: int) -> Iterator[Record | Bad]:
    for start in range(0, len(body), size):
        for rows in reader.feed(body[start : start + size]):
            yield from rows
    for rows in reader.finish():
        yield from rows


def told(rows: Sequence[Record | Bad], expected: Rows) -> Rows:
    """Return rows as they are expected: of one that cannot be read the part of the reason that is named."""
    shown: Rows = []
    for row, (_, wanted) in zip(rows, expected, strict=True):
        if isinstance(row, Bad):
            shown.append((row.line, wanted if isinstance(wanted, str) and wanted in row.reason else row.reason))
        else:
            shown.append((row.line, row.text if row.cells is None else row.cells))
    return shown


CASES = [
    pytest.param(make, body, expected, id=f"{kind}: {name}")
    for kind, make, table in (("CSV", CsvReader, CSV), ("NDJSON", NdjsonReader, NDJSON), ("array", ArrayReader, ARRAY))
    for name, (body, expected) in table.items()
]


@pytest.mark.parametrize(("make", "body", "expected"), CASES)
def test_rows_however_they_are_parted(make: type[Any], body: bytes, expected: Rows) -> None:
    for block, size in ((lines.BLOCK, 1 << 20), (1, 1), (1, 3), (5, 2)):
        rows = list(read(make(block), body, size))
        assert told(rows, expected) == expected, (block, size)


@pytest.mark.parametrize(("make", "body", "words", "before"), WRONG.values(), ids=WRONG)
def test_what_is_not_the_format_is_told_after_the_rows_before_it(
    make: type[Any], body: bytes, words: str, before: int
) -> None:
    for block, size in ((lines.BLOCK, 1 << 20), (1, 1)):
        rows = read(make(block), body, size)
        assert len([next(rows) for _ in range(before)]) == before
        with pytest.raises(Invalid, match=words):
            next(rows)


@pytest.mark.parametrize(
    ("make", "body", "names"),
    [
        (CsvReader, b'b,"a"\n1,2\n', ["b", "a"]),
        (NdjsonReader, b'{"b":1,"a":{"c":1}}\n{"d":1}\n', ["b", "a"]),
        (ArrayReader, b'[{"b":1,"a":"]"},{"d":1}]', ["b", "a"]),
        (NdjsonReader, b"[1]\n", []),
    ],
)
def test_the_columns_are_those_of_the_header_or_of_the_first_row(
    make: type[Any], body: bytes, names: list[str]
) -> None:
    reader = make(1)
    assert reader.names is None
    list(read(reader, body, 4))
    assert list(reader.names or ()) == names


@pytest.mark.parametrize(
    ("make", "head", "tail", "line"),
    [(CsvReader, b"a\nx\n", b"\ny\n", 3), (CsvReader, b'a\nx\n"', b"\ny\n", 3), (NdjsonReader, b"{}\n", b"\n{}\n", 2)],
)
def test_a_row_without_bound_is_left_out_in_bounded_memory(
    make: type[Any], head: bytes, tail: bytes, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("lines", "csv_reader", "json_readers"):
        monkeypatch.setattr(f"roadbed.resource.transfer.{module}.LONGEST_ROW", 100)
    rows = list(read(make(10), head + b"z" * 5000 + tail, 40))
    assert [(row.line, isinstance(row, Bad)) for row in rows] == [(line - 1, False), (line, True), (line + 1, False)]
    assert max(len(row.text) for row in rows if isinstance(row, Bad)) <= lines.SHOWN


def test_an_array_whose_row_has_no_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadbed.resource.transfer.json_readers.LONGEST_ROW", 100)
    reader = ArrayReader(10)
    with pytest.raises(Invalid, match="row 2 has more than 100 bytes; what came before row 2 is stored"):
        list(read(reader, b'[{"a":1},{"a":"' + b"z" * 500, 40))
