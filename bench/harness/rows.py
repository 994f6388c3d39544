"""A CSV file into a declared resource, against what copies rows that are ready into its table.

Not the same work: the resource keeps history and changes, in two more tables and one transaction with each row. What
they cost is to be seen, so the other half goes without. Both write the same rows under the same keys.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from uuid import UUID

from bench.harness.contender import Place
from bench.harness.errors import BenchError, NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.imports import Turn, timed
from bench.harness.parts import Part
from bench.harness.postgres import binaries
from bench.harness.processes import Command, output_of
from bench.harness.results import PartResult
from bench.harness.roster import HOMES, roadbed_command, roadbed_python
from bench.harness.served import placed

TABLE = "items"
COLUMNS = "id, name, completed, version, created_at, updated_at, search_text"
COPY = f"\\copy {TABLE} ({COLUMNS}) FROM '%s' WITH (FORMAT csv)"
WRITTEN = f"{TABLE}, items_history, change"
FIRST_KEY = 0x01890000_0000_7000_8000_000000000000
NEXT_KEY = (1 << 64) + 1  # the time and the rest both rise
AT = "2026-01-01 00:00:00+00"


def measure(part: Part, ground: Ground) -> PartResult:
    """Import the file and copy it, in turns; both must leave all rows."""
    result = PartResult(part.name)
    count = ground.effort.items
    with placed(part, ground) as place:
        given, ready = write(place.data.parent, count)
        output_of(
            roadbed_command(place, "migrate", "upgrade", "--data", str(place.data), "--domains", "items"),
            ground.cores.server,
        )
        on = _on_postgres if part.store == "postgresql" else _on_sqlite
        ours, peer = on(place, given, ready, count, ground)
        for _ in range(ground.effort.rounds):
            result.ours.append(count / ours())
            result.peer.append(count / peer())
        result.facts["rows"] = count
    return result


def write(folder: Path, count: int) -> tuple[Path, Path]:
    """Write items as an import reads them, and the same rows as their table has them."""
    given, ready = folder / "items.csv", folder / "ready.csv"
    with given.open("w") as one, ready.open("w") as other:
        one.write("id,name,completed\n")
        for number in range(count):
            key = UUID(int=FIRST_KEY + number * NEXT_KEY)
            name, completed = f"Thing to do number {number} of {count}", "true" if number % 2 else "false"
            one.write(f"{key},{name},{completed}\n")
            other.write(f"{key},{name},{completed},{number + 1},{AT},{AT},{name.casefold()}\n")
    return given, ready


def load(place: Place, path: Path, count: int, core: int) -> float:
    """Import the file by the command line; return its seconds. It must be taken whole."""
    argv = ("import", "items", str(path), "--data", str(place.data), "--json")
    (report,) = json.loads(output_of(roadbed_command(place, *argv), core))
    if report["inserted"] != count:
        raise NotTheSameWork(f"not every row was new and taken: {report}")
    return report["seconds"]


def _on_postgres(place: Place, given: Path, ready: Path, count: int, ground: Ground) -> tuple[Turn, Turn]:
    cluster, core = ground.cluster, ground.cores.server
    if cluster is None:
        raise BenchError("this part needs PostgreSQL")
    database = place.database_url.rpartition("/")[2]
    psql = (str(binaries() / "psql"), "-XAt", "-v", "ON_ERROR_STOP=1", "-d", place.database_url)
    copying = Command((*psql, "-c", "\\timing on", "-c", COPY % ready))

    def turn(work: Turn) -> Turn:
        def emptied() -> float:
            # The history refuses to be emptied by anybody but replication.
            cluster.query(database, f"SET session_replication_role = replica; TRUNCATE {WRITTEN}")
            cluster.checkpoint()
            seconds = work()
            check(int(cluster.query(database, f"SELECT count(*) FROM {TABLE}")[0][0]), count)
            return seconds

        return emptied

    return turn(lambda: load(place, given, count, core)), turn(lambda: timed(output_of(copying, core)))


def _on_sqlite(place: Place, given: Path, ready: Path, count: int, ground: Ground) -> tuple[Turn, Turn]:
    core = ground.cores.server
    empty = place.data.parent / "empty"
    place.data.rename(empty)
    filling = (roadbed_python(), "limit/fill_items.py", str(place.data / "roadbed.db"), str(ready))

    def turn(work: Turn) -> Turn:
        def emptied() -> float:
            shutil.rmtree(place.data, ignore_errors=True)
            shutil.copytree(empty, place.data)
            seconds = work()
            check(_held_by_sqlite(place.data / "roadbed.db"), count)
            return seconds

        return emptied

    return (
        turn(lambda: load(place, given, count, core)),
        turn(lambda: float(output_of(Command(filling, {}, HOMES), core))),
    )


def _held_by_sqlite(file: Path) -> int:
    import apsw  # only where an embedded database is looked at

    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return next(connection.execute(f"SELECT count(*) FROM {TABLE}"))[0]
    finally:
        connection.close()


def check(held: int, count: int) -> None:
    """Refuse a table that does not hold the file."""
    if held != count:
        raise NotTheSameWork(f"{count} rows were to be stored, not {held}")
