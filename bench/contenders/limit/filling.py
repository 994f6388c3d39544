"""Ready tuples into a table of SQLite, as fast as apsw takes them: what both fillers share."""

import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter

import apsw

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text):
    """Return microseconds since 1970, as Roadbed stores an instant."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def fill(insert, tuples):
    """Write what ``tuples(<CSV>)`` yields into ``<file>``, both named by the command line, in one transaction.

    Prints the seconds from the begin of the transaction to its commit; the tuples are in memory before.
    """
    file, source = sys.argv[1:3]
    rows = list(tuples(source))
    connection = apsw.Connection(file)
    # As Roadbed's own: the file is in WAL mode, and a commit is synced.
    connection.execute("PRAGMA journal_mode = wal; PRAGMA synchronous = full").fetchall()
    began = perf_counter()
    with connection:
        connection.executemany(insert, rows)
    print(perf_counter() - began)
    connection.close()
