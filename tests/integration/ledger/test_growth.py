"""What a flight reads does not grow with the tables, not even by a plan that was made when they were nearly empty."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.post_postgres import post_on_postgres
from roadbed.domains.ledger.postings import Posting, Written
from roadbed.kernel.ids import new_id
from tests.integration.ledger.elsewhere import entry, reversal, transfer

ROWS = 20_000
READ_PER_POSTING = 20
POSTINGS = 32

# The rows are not a ledger, only many.
_GROW = f"""
SET session_replication_role = replica;
INSERT INTO ledger_account SELECT gen_random_uuid(), 0, NULL, 1, 1, now() FROM generate_series(1, {ROWS});
INSERT INTO ledger_transaction
SELECT gen_random_uuid(), gen_random_uuid(), 0, now() + n * interval '1 microsecond', 1, 0,
       gen_random_uuid(), gen_random_uuid()
  FROM generate_series(1, {ROWS}) n;
INSERT INTO idempotency
SELECT uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), '', now() + interval '1 day'
  FROM generate_series(1, {ROWS});
"""
_READ = """
SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
  FROM pg_stat_xact_user_tables WHERE relname IN ('ledger_account', 'ledger_transaction', 'idempotency')
"""


def flight() -> list[Posting]:
    """Return postings of every kind, with keys and with chosen ids."""
    account, first = uuid4(), new_id()
    plain = [entry(uuid4(), 1, uuid4(), Idempotency(uuid4().bytes, uuid4().bytes)) for _ in range(POSTINGS - 20)]
    moves = [transfer(account, uuid4(), 1, uuid4()) for _ in range(19)]
    return [*plain, *moves, reversal(first, account, 1)]


async def post(connection: Any, postings: list[Posting]) -> dict[str, int]:
    """Post, return how many rows of each table were read for it, and undo it."""
    transaction = connection.transaction()
    await transaction.start()
    before = dict(await connection.fetch(_READ))
    outcomes = await post_on_postgres(connection, postings)
    assert all(isinstance(outcome, Written) for outcome in outcomes)
    after = dict(await connection.fetch(_READ))
    await transaction.rollback()
    return {table: read - before[table] for table, read in after.items()}


@pytest.mark.parametrize("analyzed", [False, True])
async def test_a_plan_made_on_an_empty_ledger_holds(postgres_ledger_url: str, analyzed: bool) -> None:
    connection, owner = await asyncpg.connect(postgres_ledger_url), await asyncpg.connect(postgres_ledger_url)
    try:
        if analyzed:
            await owner.execute("VACUUM ANALYZE ledger_account, ledger_transaction, idempotency")
        # The foreign key of reversals: there is nothing to reverse here.
        await connection.execute("SET session_replication_role = replica")
        await post(connection, flight())
        await owner.execute(_GROW)
        read = await post(connection, flight())
    finally:
        await connection.close()
        await owner.close()
    assert set(read) == {"ledger_account", "ledger_transaction", "idempotency"}
    assert max(read.values()) <= POSTINGS * READ_PER_POSTING
