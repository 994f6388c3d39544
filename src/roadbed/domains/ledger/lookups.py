"""Reads by id, for a whole flight at once. An id that is not there gives None in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import apsw

from roadbed.data.database import Program, Run
from roadbed.data.queries import Queries, Query
from roadbed.domains.ledger.model import Account, Transaction

R = TypeVar("R")


class Lookup(Generic[R]):
    """One query over a list of ids, and where a row keeps its id."""

    def __init__(self, query: Query[R], key: Callable[[R], UUID]) -> None:
        self._query = query
        self._key = key

    def program(self, name: str) -> Program:
        """Return the read as a program for a flight."""
        return Program(name, False, self._on_sqlite, self._on_postgres)

    def _on_sqlite(self, run: Run, ids: list[UUID]) -> Sequence[R | None]:
        rows = run.rows(self._query, (apsw.carray(tuple({key.bytes for key in ids})),))
        return self._in_place(self._query.sqlite_rows(rows), ids)

    async def _on_postgres(self, connection: Any, ids: list[UUID]) -> Sequence[R | None]:
        rows = await connection.fetch(self._query.text("postgres"), list(set(ids)))
        return self._in_place(self._query.postgres_rows(rows), ids)

    def _in_place(self, rows: list[R], ids: list[UUID]) -> Sequence[R | None]:
        found = {self._key(row): row for row in rows}
        return [found.get(key) for key in ids]


_sql = Queries(__package__ or "")
TRANSACTIONS = Lookup(_sql.query("transactions_by_id", Transaction), lambda row: row.transaction_id)
ACCOUNTS = Lookup(_sql.query("accounts_by_id", Account), lambda row: row.account_id)
