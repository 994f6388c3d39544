"""Signals by id, for a whole flight at once. An id that is not there gives None in its place."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import apsw

from roadbed.data.database import Program, Run
from roadbed.data.queries import Queries
from roadbed.domains.telemetry.model import Signal

_SIGNALS = Queries(__package__ or "").query("signals_by_id", Signal)


def _on_sqlite(run: Run, ids: list[int]) -> Sequence[Signal | None]:
    return _in_place(_SIGNALS.sqlite_rows(run.rows(_SIGNALS, (apsw.carray(array("q", set(ids))),))), ids)


async def _on_postgres(connection: Any, ids: list[int]) -> Sequence[Signal | None]:
    return _in_place(_SIGNALS.postgres_rows(await connection.fetch(_SIGNALS.text("postgres"), list(set(ids)))), ids)


def _in_place(rows: list[Signal], ids: list[int]) -> Sequence[Signal | None]:
    found = {row.signal_id: row for row in rows}
    return [found.get(key) for key in ids]


SIGNALS = Program("telemetry_signals", False, _on_sqlite, _on_postgres)
