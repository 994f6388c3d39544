"""Ready tuples into a table of measurements, as fast as apsw takes them:  fill_sqlite.py <file> <clean CSV>

Prints the seconds from the begin of the one transaction to its commit.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import apsw

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSERT = "INSERT INTO telemetry_measurement (signal_id, at, value) VALUES (?, ?, ?)"


def tuples(path):
    with Path(path).open() as lines:
        for line in lines:
            signal, at, value = line.split(",")
            yield int(signal), (datetime.fromisoformat(at) - EPOCH) // timedelta(microseconds=1), float(value)


if __name__ == "__main__":
    rows = list(tuples(sys.argv[2]))
    connection = apsw.Connection(sys.argv[1])
    # As Roadbed's own: the file is in WAL mode, and a commit is synced.
    connection.execute("PRAGMA journal_mode = wal; PRAGMA synchronous = full").fetchall()
    began = perf_counter()
    with connection:
        connection.executemany(INSERT, rows)
    print(perf_counter() - began)
    connection.close()
