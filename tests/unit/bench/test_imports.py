"""What imports are held against, and when they are refused."""

from pathlib import Path

import apsw
import pytest

from bench.harness import imports, processes, readings
from bench.harness.contender import Place
from bench.harness.errors import BenchError, ContenderFailed, NotTheSameWork
from bench.harness.roster import HOMES, roadbed_python

PLACE = Place(0, Path("data"))
GOOD = {"rows": 3, "inserted": 3, "rejected": 0, "seconds": 0.5}


def test_the_time_of_a_copy_is_what_psql_says() -> None:
    assert imports.timed("Timing is on.\nCOPY 1000\nTime: 1234.500 ms (00:01.235)\n") == 1.2345


def test_without_a_time_there_is_no_figure() -> None:
    with pytest.raises(BenchError, match="psql tells no time"):
        imports.timed("COPY 1000")


@pytest.mark.parametrize("held", [(999, 116_000.0), (1001, 116_000.0), (1000, 11_600.0), (0, 0.0)])
def test_a_table_that_does_not_hold_the_file_is_refused(held: tuple[int, float]) -> None:
    imports.check((1000, 116_000.0), 1000)
    with pytest.raises(NotTheSameWork, match="1000 rows were to be stored"):
        imports.check(held, 1000)


def test_an_import_that_takes_all_tells_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[processes.Command] = []

    def output_of(command: processes.Command, _core: int) -> str:
        asked.append(command)
        return '[{"rows": 3, "inserted": 3, "rejected": 0, "seconds": 0.5}]'

    monkeypatch.setattr(imports, "output_of", output_of)

    assert imports.load(PLACE, (Path("a.csv"),), 0) == 0.5
    assert asked[0].argv[1:] == ("import", "telemetry", "a.csv", "--data", "data", "--json")


@pytest.mark.parametrize("change", [{"inserted": 2}, {"rejected": 1}, {"rows": 0, "inserted": 0}], ids=str)
def test_an_import_that_leaves_something_out_is_refused(
    change: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    import msgspec

    monkeypatch.setattr(imports, "output_of", lambda *_: msgspec.json.encode([GOOD | change]).decode())
    with pytest.raises(NotTheSameWork, match="not every row was new"):
        imports.load(PLACE, (Path("a.csv"),), 0)


def test_ready_tuples_are_the_rows_of_the_file(tmp_path: Path) -> None:
    files = readings.write(tmp_path, 200)
    file = tmp_path / "roadbed.db"
    connection = apsw.Connection(str(file))
    connection.execute(f"CREATE TABLE {imports.TABLE} (signal_id INTEGER, at INTEGER, value REAL) STRICT")
    filling = processes.Command((roadbed_python(), "limit/fill_sqlite.py", str(file), str(files.clean)), {}, HOMES)

    assert float(processes.output_of(filling, 0)) > 0
    assert next(connection.execute(f"SELECT count(*) FROM {imports.TABLE}")) == (200,)
    connection.close()


def test_a_command_that_fails_tells_its_last_words() -> None:
    with pytest.raises(ContenderFailed, match=r"ended with 3:\nso it is"):
        processes.output_of(processes.Command(("/bin/sh", "-c", "echo so it is >&2; exit 3")), 0)
