"""Reads by key, for a whole flight at once. A key that is not there gives None in its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import apsw
import msgspec

from roadbed.data.database import Program, Run
from roadbed.data.queries import Queries
from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.writes import LARGE
from roadbed.kernel.clock import Clock, from_micros, to_micros

ENTRIES = Queries(__package__ or "").statement("entries_by_key")


class TooLong(msgspec.Struct, frozen=True):
    """In an entry's place: its value is too long for a flight, and has to be fetched by itself."""


TOO_LONG = TooLong()

Found = Entry | TooLong | None


def lookup(clock: Clock) -> Program:
    """Return the read as a program for a flight."""
    return Program("kv_entries", False, partial(_on_sqlite, clock), _on_postgres)


def _on_sqlite(clock: Clock, run: Run, keys: list[str]) -> Sequence[Found]:
    found: dict[str, Found] = {}
    wanted = apsw.carray(tuple(set(keys)))
    for key, value, version, updated, expires in run.rows(ENTRIES, (LARGE, wanted, to_micros(clock()))):
        if value is None:
            found[key] = TOO_LONG
        else:
            until = None if expires is None else from_micros(expires)
            found[key] = Entry(key, msgspec.Raw(value), version, from_micros(updated), until)
    return [found.get(key) for key in keys]


async def _on_postgres(connection: Any, keys: list[str]) -> Sequence[Found]:
    rows = await connection.fetch(ENTRIES.text("postgres"), LARGE, list(set(keys)))
    found: dict[str, Found] = {}
    for key, value, version, updated, expires in rows:
        found[key] = TOO_LONG if value is None else Entry(key, msgspec.Raw(value), version, updated, expires)
    return [found.get(key) for key in keys]
