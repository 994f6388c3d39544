"""Ready tuples into the table of items, as fast as apsw takes them:  fill_items.py <file> <ready CSV>

Prints the seconds from the begin of the one transaction to its commit.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from uuid import UUID

import apsw

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSERT = (
    "INSERT INTO items (id, name, completed, version, created_at, updated_at, search_text) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def tuples(path):
    with Path(path).open() as lines:
        for line in lines:
            key, name, completed, version, created, updated, search = line.rstrip("\n").split(",")
            instants = ((datetime.fromisoformat(at) - EPOCH) // timedelta(microseconds=1) for at in (created, updated))
            yield UUID(key).bytes, name, int(completed == "true"), int(version), *instants, search


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
