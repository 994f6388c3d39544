"""A CSV file of measurements into a database, against what copies rows that are ready.

Both halves of a turn write the same rows in the same order into the same empty table, with its key and its checks. The
importer and what it is held against have the server's core; PostgreSQL has its own, as ever.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bench.harness import readings
from bench.harness.contender import Place
from bench.harness.errors import BenchError, NotTheSameWork
from bench.harness.ground import Ground
from bench.harness.parts import Part
from bench.harness.postgres import Cluster, binaries
from bench.harness.processes import Command, output_of
from bench.harness.results import PartResult
from bench.harness.roster import HOMES, roadbed_command, roadbed_python
from bench.harness.served import placed

TABLE = "telemetry_measurement"
COPY = f"\\copy {TABLE} (signal_id, at, value) FROM '%s' WITH (FORMAT csv)"
TIMING = re.compile(r"^Time: ([0-9.]+) ms", re.MULTILINE)

Turn = Callable[[], float]


def measure(part: Part, ground: Ground) -> PartResult:
    """Import the file and copy it, in turns; both must leave the same rows."""
    result = PartResult(part.name)
    with placed(part, ground) as place:
        files = readings.write(place.data.parent, ground.effort.readings)
        prepare(place, files, ground.cores.server)
        on = _on_postgres if part.store == "postgresql" else _on_sqlite
        ours, peer = on(place, files, ground)
        for _ in range(ground.effort.rounds):
            result.ours.append(files.rows / ours())
            result.peer.append(files.rows / peer())
        result.facts["rows"] = files.rows
    return result


def prepare(place: Place, files: readings.Files, core: int) -> None:
    """Make the tables, and the signals that measurements are of."""
    output_of(roadbed_command(place, "migrate", "upgrade", "--data", str(place.data)), core)
    load(place, files.catalogue, core)


def load(place: Place, paths: tuple[Path, ...], core: int) -> float:
    """Import files by the command line; return the seconds of the last one, which must be taken whole."""
    argv = ("import", "telemetry", *map(str, paths), "--data", str(place.data), "--json")
    reports = json.loads(output_of(roadbed_command(place, *argv), core))
    for report in reports:
        if report["rejected"] or report["inserted"] != report["rows"] or not report["rows"]:
            raise NotTheSameWork(f"not every row was new and taken: {report}")
    return reports[-1]["seconds"]


def _on_postgres(place: Place, files: readings.Files, ground: Ground) -> tuple[Turn, Turn]:
    cluster, core = ground.cluster, ground.cores.server
    if cluster is None:
        raise BenchError("this part needs PostgreSQL")
    database = place.database_url.rpartition("/")[2]
    psql = (str(binaries() / "psql"), "-XAt", "-v", "ON_ERROR_STOP=1", "-d", place.database_url)
    copying = Command((*psql, "-c", "\\timing on", "-c", COPY % files.clean))

    def turn(work: Turn) -> Turn:
        def emptied() -> float:
            cluster.query(database, f"TRUNCATE {TABLE}")
            cluster.checkpoint()
            seconds = work()
            check(_held_by_postgres(cluster, database), files.rows)
            return seconds

        return emptied

    return turn(lambda: load(place, (files.messy,), core)), turn(lambda: timed(output_of(copying, core)))


def timed(printed: str) -> float:
    """Return the seconds that psql says a statement took."""
    found = TIMING.search(printed)
    if found is None:
        raise BenchError(f"psql tells no time: {printed}")
    return float(found.group(1)) / 1e3


def _held_by_postgres(cluster: Cluster, database: str) -> tuple[int, float]:
    count, total = cluster.query(database, f"SELECT count(*), sum(value) FROM {TABLE}")[0]
    return int(count), float(total)


def _on_sqlite(place: Place, files: readings.Files, ground: Ground) -> tuple[Turn, Turn]:
    core = ground.cores.server
    empty = place.data.parent / "empty"
    place.data.rename(empty)
    filling = (roadbed_python(), "limit/fill_sqlite.py", str(place.data / "roadbed.db"), str(files.clean))

    def turn(work: Turn) -> Turn:
        def emptied() -> float:
            shutil.rmtree(place.data, ignore_errors=True)
            shutil.copytree(empty, place.data)
            seconds = work()
            check(_held_by_sqlite(place.data / "roadbed.db"), files.rows)
            return seconds

        return emptied

    return (
        turn(lambda: load(place, (files.messy,), core)),
        turn(lambda: float(output_of(Command(filling, {}, HOMES), core))),
    )


def _held_by_sqlite(file: Path) -> tuple[int, float]:
    import apsw  # only where an embedded database is looked at

    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return next(connection.execute(f"SELECT count(*), total(value) FROM {TABLE}"))
    finally:
        connection.close()


def check(held: tuple[int, float], rows: int) -> None:
    """Refuse a table that does not hold the file: its rows, and values that are about what was written."""
    count, total = held
    if count != rows or not 110 < total / rows < 122:
        raise NotTheSameWork(f"{rows} rows were to be stored, not {count} with a mean of {total / max(count, 1):.1f}")
