"""The work, as flights of Roadbed's engine: the rows and figures of its ledger, and nothing else of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import apsw
import msgspec

from roadbed.data.database import Program
from roadbed.data.queries import Queries
from roadbed.kernel.clock import from_micros, now, to_micros
from roadbed.kernel.ids import new_id


class NewTransaction(msgspec.Struct, forbid_unknown_fields=True):
    account_id: UUID
    amount: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Transaction(msgspec.Struct):
    transaction_id: UUID
    account_id: UUID
    amount: int
    created_at: datetime
    sequence: int
    balance: int


_sql = Queries(__package__)
ACCOUNTS = _sql.statement("accounts")
KEEP_BALANCE = _sql.statement("keep_balance")
ADD = _sql.statement("add")
CREATE = _sql.query("create", Transaction)
BY_ID = _sql.query("by_id", Transaction)
NEWEST = _sql.query("newest", Transaction)


def create_on_sqlite(run, items):
    instant = to_micros(now())
    created_at = from_micros(instant)
    wanted = tuple({item.account_id.bytes for item in items})
    held = {account: (balance, sequence) for account, balance, sequence in run.rows(ACCOUNTS, (apsw.carray(wanted),))}
    made, rows = [], []
    for item in items:
        transaction_id, account = new_id(), item.account_id.bytes
        balance, sequence = held.get(account, (0, 0))
        balance, sequence = held[account] = balance + item.amount, sequence + 1
        rows.append((transaction_id.bytes, account, item.amount, instant, sequence, balance))
        made.append(Transaction(transaction_id, item.account_id, item.amount, created_at, sequence, balance))
    run.execute_rows(KEEP_BALANCE, [(account, *figures) for account, figures in held.items()])
    run.execute_rows(ADD, rows)
    return made


async def create_on_postgres(connection, items):
    ids = [new_id() for _ in items]
    values = ids, [item.account_id for item in items], [item.amount for item in items]
    made = CREATE.postgres_rows(await connection.fetch(CREATE.text("postgres"), *values))
    by_id = {transaction.transaction_id: transaction for transaction in made}
    return [by_id[transaction_id] for transaction_id in ids]


def get_on_sqlite(run, ids):
    return _in_place(BY_ID.sqlite_rows(run.rows(BY_ID, (apsw.carray(tuple({key.bytes for key in ids})),))), ids)


async def get_on_postgres(connection, ids):
    return _in_place(BY_ID.postgres_rows(await connection.fetch(BY_ID.text("postgres"), ids)), ids)


def _in_place(rows, ids):
    found = {row.transaction_id: row for row in rows}
    return [found.get(key) for key in ids]


CREATING = Program("create", True, create_on_sqlite, create_on_postgres)
GETTING = Program("get", False, get_on_sqlite, get_on_postgres)
