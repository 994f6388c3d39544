"""The ledger over HTTP."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from roadbed.data.listing import Listing
from roadbed.domains.ledger.model import (
    Account,
    BalanceAt,
    Limits,
    NewLimits,
    NewTransaction,
    NewTransfer,
    Reversal,
    Transaction,
    Transfer,
)
from roadbed.domains.ledger.service import AccountCursor, Ledger, SequenceCursor, TransactionCursor
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed

operations: Operations[Ledger] = Operations("ledger", "Accounts and transactions with exact balances")


@operations.get("/ping")
async def ping(call: Call[Ledger]) -> dict[str, str]:
    """Tell whether the service answers."""
    return {"status": "ok"}


@operations.post("/transactions", status=201, also={200: "The same transaction was stored before"}, raises=[Conflict])
async def create_transaction(call: Call[Ledger], body: NewTransaction) -> Transaction:
    """Add a transaction to an account, which begins to exist with its first one.

    A client-chosen `transaction_id` makes a retry safe: the same content answers 200 with the first reply.
    """
    posted = await call.service.create(body, call.idempotency)
    call.replayed = posted.replayed
    call.status = 200 if posted.repeated else 201
    call.version = 1
    call.location = f"/transactions/{posted.legs[0].transaction_id}"
    return posted.legs[0]


@operations.get("/transactions", limit=1000)
async def list_transactions(
    call: Call[Ledger], page: Page[TransactionCursor], account_id: UUID | None = None
) -> Listing[Transaction]:
    """List transactions, newest first, by (`created_at`, `transaction_id`)."""
    return await call.service.list_transactions(page.limit, page.after, account_id, page.total)


@operations.get("/transactions/{transaction_id}", raises=[NotFound])
async def get_transaction(call: Call[Ledger], transaction_id: UUID) -> Transaction:
    """Return one transaction."""
    call.version = 1
    return await call.service.transaction(transaction_id)


@operations.put("/accounts/{account_id}/limits", raises=[NotFound, Conflict, PreconditionFailed], conditional=True)
async def set_limits(call: Call[Ledger], account_id: UUID, body: NewLimits) -> Limits:
    """Set or remove the floor of an account."""
    outcome = await call.service.set_limits(account_id, body.min_balance, call.if_match, call.idempotency)
    call.replayed = outcome.replayed
    call.version = outcome.version
    return outcome.limits
