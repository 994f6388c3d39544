"""What the cells and members of a file mean to a resource."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from msgspec import Meta, Struct

from roadbed.kernel.errors import Invalid
from roadbed.resource.compiled import Compiled, compile_plans
from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.markers import Computed, Key, ReadOnly, Secret
from roadbed.resource.plan import make_plans
from roadbed.resource.transfer import rows
from roadbed.resource.transfer.records import Record
from roadbed.resource.transfer.rows import Columns, Row, Rows

AT = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


class Thing(Struct):
    """Something of every kind."""

    id: UUID
    name: Annotated[str, Meta(max_length=9)]
    code: Annotated[str, Secret(lambda: "x")]
    count: int = 0
    share: Annotated[float | None, Meta(ge=0)] = None
    on: bool = False
    at: datetime | None = None
    tags: list[str] = []
    note: str | None = None
    color: Literal["red", "blue"] = "red"
    state: Literal["new", "old"] = "new"
    seen: Annotated[int, ReadOnly()] = 0
    twice: Annotated[int, Computed(lambda row, base: row.count * 2)] = 0


class Coin(Struct):
    """A key of the client's."""

    mark: Annotated[str, Key()]
    worth: int


def unit_of(name: str) -> Compiled:
    things = Resource(struct=Thing, path="/things", statuses=Statuses({"new": ["old"]}, field="state"))
    return compile_plans(make_plans("shop", [things, Resource(struct=Coin, path="/coins")]))[name]


THINGS, COINS = unit_of("things"), unit_of("coins")


def read_csv(names: str, *several: list[str], unit: Compiled = THINGS) -> list[Row]:
    reading = Rows(unit, Columns(unit))
    return [reading.read(Record(2, b"", cells), names.split(",")) for cells in several]


def read_json(*several: Any, unit: Compiled = THINGS) -> list[Row]:
    reading = Rows(unit, Columns(unit))
    return [reading.read(Record(1, json.dumps(one).encode()), ()) for one in several]


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("name", " a ", " a "),
        ("name", "", ""),
        ("name", '7"', '7"'),
        ("note", "", None),
        ("count", " 7 ", 7),
        ("count", "", "absent"),
        ("share", "0.5", 0.5),
        ("share", "1", 1.0),
        ("share", "", None),
        ("on", "TRUE", True),
        ("on", "false", False),
        ("at", "2024-05-01T14:30:00+02:00", AT),
        ("tags", '["a", "b"]', ["a", "b"]),
        ("tags", "", "absent"),
        ("color", "blue", "blue"),
        ("color", "", "absent"),
        ("state", "old", "old"),
        ("seen", "whatever", "absent"),
        ("twice", "whatever", "absent"),
        ("version", "whatever", "absent"),
        ("created_at", "whatever", "absent"),
    ],
)
def test_a_cell_is_read_by_the_kind_of_its_field(name: str, cell: str, value: Any) -> None:
    (row,) = read_csv(name, [cell])
    assert row.values.get(name, "absent") == value


@pytest.mark.parametrize(
    ("name", "cell", "words"),
    [
        ("name", "0123456789", "/name: Expected `string` of length <= 9"),
        ("count", "1.0", "/count: Expected `integer`, got `string`"),
        ("count", "9223372036854775808", "/count: Expected"),
        ("share", "0,5", "/share: Expected `number"),
        ("share", "-1", "/share: Expected `number` >= 0"),
        ("on", "yes", "/on: Expected `boolean`, got `string`"),
        ("at", "yesterday", "/at: Invalid RFC3339 encoded datetime"),
        ("tags", '["a"],"name":"b"', "/tags: Expected a JSON document"),
        ("tags", "[1]", "/tags/0: Expected `string`"),
        ("color", "green", "/color: Invalid enum value 'green'"),
        ("id", "1", "/id: "),
    ],
)
def test_a_cell_of_another_kind_is_told(name: str, cell: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_csv(name, [cell])
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"name": 1}, "/name: Expected `string`, got `integer`"),
        ({"count": "1", "on": 1}, "/count: Expected `integer`, got `string`; /on: Expected `boolean`"),
        ({"nam": "a"}, "/nam: There is no such field"),
        ({"code": "x"}, "/code: There is no such field"),
        ([1], "Expected `object`, got `array`"),
    ],
)
def test_a_member_of_another_kind_is_told(row: Any, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_json(row)
    assert words in caught.value.detail


def test_a_name_that_comes_twice_is_told() -> None:
    with pytest.raises(Invalid, match="/name: This field is given twice"):
        Rows(THINGS, Columns(THINGS)).read(Record(1, b'{"name":"a","name":"b"}'), ())


@pytest.mark.parametrize(
    ("names", "faults"),
    [
        (["nmae"], {"/nmae": "Things have no such column; did you mean 'name'?"}),
        (["name", "name"], {"/name": "This column is there twice"}),
        (["code"], {"/code": "A secret is made by the service, and never imported"}),
        ([""], {"/": "Things have no such column; there are id, name, count"}),
    ],
)
def test_columns_that_are_not_the_resources_are_refused(names: list[str], faults: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        Columns(THINGS).check(names)
    assert [fault.pointer for fault in caught.value.faults] == list(faults)
    assert all(fault.detail.startswith(faults[fault.pointer]) for fault in caught.value.faults)


def test_what_an_export_writes_is_taken() -> None:
    Columns(THINGS).check(["id", "name", "version", "updated_at", "twice", "seen", "state"])


def test_a_key_is_that_of_the_content_in_any_order_and_format() -> None:
    key = UUID("01890000-0000-7000-8000-000000000001")
    first, again, other = read_csv("name,count", ["a", "1"], ["a", "1"], ["b", "1"])
    assert len({first.key, again.key, other.key}) == 3
    assert [row.key for row in read_csv("count,name", ["1", "a"], ["1", "a"])] == [first.key, again.key]
    assert [row.key for row in read_json({"count": 1, "name": "a"})] == [first.key]
    assert first.key.version == 5
    assert [row.key for row in read_json({"id": str(key), "name": "a"})] == [key]
    assert read_json({"id": str(key), "name": "a", "version": 7})[0].values == {"name": "a"}


def test_a_key_of_the_clients_is_needed() -> None:
    assert [row.key for row in read_csv("mark,worth", ["a", "1"], unit=COINS)] == ["a"]
    with pytest.raises(Invalid, match="/mark: The key is missing"):
        read_csv("mark,worth", ["", "1"], unit=COINS)
    with pytest.raises(Invalid, match="/mark: must not contain the character NUL"):
        read_csv("mark,worth", ["\0", "1"], unit=COINS)


def test_so_many_contents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MOST_KEYLESS", 2)
    with pytest.raises(Invalid, match="More than 2 rows have no id: give each of them one"):
        read_json({"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "c"})
