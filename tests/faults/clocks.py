"""Clocks that a test sets while a service runs: the service's own on SQLite, the server's on PostgreSQL."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults.rows import change

_PROGRAM = """
import sys, time
from datetime import timedelta
from pathlib import Path
from roadbed.kernel import clock

offset, real_now, real_ns = Path(sys.argv[1]), clock.now, time.time_ns
clock.now = lambda: real_now() + timedelta(seconds=int(offset.read_text()))
time.time_ns = lambda: real_ns() + int(offset.read_text()) * 10**9

from roadbed.cli.main import main
main(["up", *sys.argv[2:]])
"""

_SKEWED = (
    "CREATE SCHEMA skewed",
    "CREATE TABLE skewed.clock AS SELECT interval '0 s' AS ahead",
    """
    CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + (SELECT ahead FROM skewed.clock)'
    """,
    # What stands before pg_catalog hides it; tables are made in the first schema of the path.
    """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = skewed, pg_catalog, public', current_database());
    END $$
    """,
)


class ServiceClock:
    """The clock of a service process. ``command`` starts one that follows it."""

    def __init__(self, folder: Path) -> None:
        self._offset = folder / "clock"
        self._offset.write_text("0")
        self.command: Sequence[str] = [sys.executable, "-c", _PROGRAM, str(self._offset)]

    async def set(self, seconds: int) -> None:
        """Set the clock ahead by so many seconds, or back if they are negative."""
        fresh = self._offset.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self._offset)


class ServerClock:
    """The clock of one database of PostgreSQL, where everybody reads it."""

    command: Sequence[str] = ()  # `roadbed up` itself

    def __init__(self, url: str) -> None:
        self._url = url

    async def prepare(self) -> None:
        """Put a clock that can be set in front of the real one, before there are any tables."""
        await change(self._url, *_SKEWED)

    async def set(self, seconds: int) -> None:
        """Set the clock ahead by so many seconds, or back if they are negative."""
        await change(self._url, f"UPDATE skewed.clock SET ahead = interval '{seconds} s'")
