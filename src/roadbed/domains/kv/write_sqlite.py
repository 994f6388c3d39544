"""A flight of writes on SQLite: look at what is there, decide each, write once per table.

Runs in the writer thread inside its transaction. No other writer can come between, so what was read stays true; no
two writes of a flight share a key, so none changes what another one saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import apsw
import msgspec

from roadbed.data.changes import BUMP, LOG
from roadbed.data.database import Run
from roadbed.data.idempotency import INSERT_KEY, KEYS_USED, LIFETIME
from roadbed.data.queries import Queries
from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.writes import (
    DONE,
    FEED,
    KEY_REUSED,
    KINDS,
    Outcome,
    Write,
    Written,
    is_kept,
    judge,
    known,
    refusal,
    status_of,
)
from roadbed.kernel.clock import Clock, from_micros, to_micros

_sql = Queries(__package__ or "")
ENTRIES_HELD = _sql.statement("entries_held")
KEEP = _sql.statement("keep")
STORE = _sql.statement("store")
REMOVE = _sql.statement("remove")
BURY = _sql.statement("bury")

_encode = msgspec.json.Encoder().encode
_LIFETIME = LIFETIME // datetime.resolution
_SECOND = 1_000_000


class _Rows:
    """The rows that one flight writes, by what becomes of them."""

    def __init__(self) -> None:
        self.kept: list[tuple[Any, ...]] = []
        self.stored: list[tuple[Any, ...]] = []
        self.removed: list[tuple[Any, ...]] = []
        self.buried: list[tuple[Any, ...]] = []
        self.logged: list[tuple[Any, ...]] = []
        self.keys: list[tuple[Any, ...]] = []

    def write(self, run: Run) -> None:
        """Write them, the old rows to the history first."""
        run.execute_rows(KEEP, self.kept)
        run.execute_rows(STORE, self.stored)
        run.execute_rows(REMOVE, self.removed)
        run.execute_rows(BURY, self.buried)
        run.execute_rows(LOG, self.logged)
        run.execute_rows(INSERT_KEY, self.keys)


class _Desk:
    """What one flight knows and what it will write. Times are microseconds since 1970."""

    def __init__(self, clock: Clock, run: Run, writes: list[Write]) -> None:
        self.run = run
        self.now = to_micros(clock())
        names = tuple([write.key for write in writes])
        self.held: dict[str, tuple[int, int | None]] = {
            key: (version, expires) for key, version, expires in run.rows(ENTRIES_HELD, (apsw.carray(names),))
        }
        wanted = tuple([write.idempotency.key for write in writes if write.idempotency is not None])
        used = run.rows(KEYS_USED, (apsw.carray(wanted), self.now)) if wanted else []
        self.used: dict[bytes, tuple[bytes, str]] = {key: (fingerprint, outcome) for key, fingerprint, outcome in used}

    def version(self, key: str) -> int | None:
        """Return the version of a key that is there, None where it is not or has expired."""
        version, expires = self.held.get(key, (None, None))
        return None if expires is not None and expires <= self.now else version

    def decide(self, write: Write) -> Outcome | None:
        """Return what becomes of a write, None where it shall be made."""
        if write.idempotency is not None and write.idempotency.key in self.used:
            fingerprint, outcome = self.used[write.idempotency.key]
            return known(outcome) if fingerprint == write.idempotency.fingerprint else refusal(KEY_REUSED, write.key)
        code = judge(write, self.version(write.key))
        return None if code == DONE else refusal(code, write.key)

    def make(self, writes: list[Write]) -> list[Written]:
        """Make the writes that were accepted, under the next numbers of the feed."""
        run, now = self.run, self.now
        number = run.rows(BUMP, (FEED, len(writes)))[0][0] - len(writes)
        instant = from_micros(now)
        made: list[Written] = []
        rows = _Rows()
        for version, write in enumerate(writes, number + 1):
            existed = self.version(write.key) is not None
            status = status_of(write, existed)
            expires = None if write.ttl is None else now + write.ttl * _SECOND
            until = None if expires is None else from_micros(expires)
            body = None
            if write.key in self.held:
                rows.kept.append((write.key,))
            if write.value is None:
                rows.removed.append((write.key,))
                rows.buried.append((write.key, version, now))
            else:
                rows.stored.append((write.key, write.value, version, now, expires))
                if is_kept(write.value):
                    body = _encode(Entry(write.key, msgspec.Raw(write.value), version, instant, until)).decode()
            rows.logged.append((FEED, version, write.key, KINDS[status], now, body))
            if write.idempotency is not None:
                key, fingerprint = write.idempotency.key, write.idempotency.fingerprint
                rows.keys.append((key, fingerprint, f"{status} {version}", now + _LIFETIME))
            made.append(Written(status, version, instant, until))
        rows.write(run)
        return made


def write_on_sqlite(clock: Clock, run: Run, writes: list[Write]) -> Sequence[Outcome]:
    """Return one outcome per write, in order; what was refused wrote nothing."""
    desk = _Desk(clock, run, writes)
    outcomes = [desk.decide(write) for write in writes]
    accepted = [write for write, outcome in zip(writes, outcomes, strict=True) if outcome is None]
    made = iter(desk.make(accepted) if accepted else ())
    return [next(made) if outcome is None else outcome for outcome in outcomes]
