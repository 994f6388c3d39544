"""What the import of a declared resource is held against."""

import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from bench.harness import processes, rows
from bench.harness.contender import Place
from bench.harness.errors import NotTheSameWork
from bench.harness.roster import HOMES, roadbed_python

PLACE = Place(0, Path("data"))


def test_both_files_have_the_same_rows(tmp_path: Path) -> None:
    given, ready = rows.write(tmp_path, 3)
    head, *lines = given.read_text().splitlines()
    assert head == "id,name,completed"
    assert [line.split(",")[:3] for line in ready.read_text().splitlines()] == [line.split(",") for line in lines]
    assert lines[1] == "01890000-0000-7001-8000-000000000001,Thing to do number 1 of 3,true"


def test_ready_tuples_are_the_rows_of_the_file(tmp_path: Path) -> None:
    _, ready = rows.write(tmp_path, 200)
    file = tmp_path / "roadbed.db"
    connection = apsw.Connection(str(file))
    connection.execute(
        "CREATE TABLE items (id BLOB PRIMARY KEY, name TEXT, completed INTEGER, version INTEGER, created_at INTEGER, "
        "updated_at INTEGER, search_text TEXT) STRICT, WITHOUT ROWID"
    )
    filling = processes.Command((roadbed_python(), "limit/fill_items.py", str(file), str(ready)), {}, HOMES)
    assert float(processes.output_of(filling, 0)) > 0
    found = "SELECT count(*), sum(completed), max(version), count(DISTINCT search_text) FROM items"
    assert next(connection.execute(found)) == (200, 100, 200, 200)
    connection.close()


def test_an_import_that_takes_all_tells_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[processes.Command] = []

    def output_of(command: processes.Command, _core: int) -> str:
        asked.append(command)
        return json.dumps([{"inserted": 3, "seconds": 0.5}])

    monkeypatch.setattr(rows, "output_of", output_of)
    assert rows.load(PLACE, Path("items.csv"), 3, 0) == 0.5
    assert asked[0].argv[1:] == ("import", "items", "items.csv", "--data", "data", "--json")
    with pytest.raises(NotTheSameWork, match="not every row was new"):
        rows.load(PLACE, Path("items.csv"), 4, 0)


@pytest.mark.parametrize("held", [0, 2, 4])
def test_a_table_that_does_not_hold_the_file_is_refused(held: int) -> None:
    rows.check(3, 3)
    with pytest.raises(NotTheSameWork, match="3 rows were to be stored"):
        rows.check(held, 3)


def test_the_columns_are_those_of_the_table() -> None:
    from roadbed.resource.registry import load_domains

    (items,) = load_domains(["items"])
    columns: Any = items.tables().tables[rows.TABLE].columns
    assert rows.COLUMNS.split(", ") == [column.name for column in columns]
    assert {table.strip() for table in rows.WRITTEN.split(",")} == {*items.tables().tables, "change"}
