"""The ledger over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from roadbed.data.listing import Listing
from roadbed.domains.ledger.model import (
    Account,
    BalanceAt,
    Limits,
    NewLimits,
    NewTransaction,
    NewTransfer,
    Pong,
    Reversal,
    Transaction,
    Transfer,
)
from roadbed.domains.ledger.pages import AccountCursor, TransactionCursor
from roadbed.domains.ledger.service import Ledger, Posted
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.kernel.errors import Conflict, NotFound, PreconditionFailed

operations: Operations[Ledger] = Operations("ledger", "Accounts and transactions with exact balances")


POSTED = 1
"""The version of what was posted: it never changes."""

Instant = Annotated[
    datetime,
    msgspec.Meta(
        description="An RFC 3339 instant, to the microsecond; one without a zone is UTC",
        examples=["2026-05-01T12:30:00Z"],
    ),
]

REPEATED = {200: "The same content was stored under this id before: the first reply again"}


@operations.get("/ping")
async def ping(_call: Call[Ledger]) -> Pong:
    """Tell whether the service answers."""
    return Pong()


@operations.post("/transactions", status=201, also=REPEATED, raises=[Conflict])
async def create_transaction(call: Call[Ledger], body: NewTransaction) -> Transaction:
    """Add a transaction to an account, which begins to exist with its first one.

    A client-chosen `transaction_id` makes a retry safe: the same content answers 200 with the first reply, other
    content 409. An account with a floor refuses what would take its balance below it, with 409.
    """
    posted = await call.service.create(body, call.idempotency)
    transaction = posted.legs[0]
    call.location = f"/transactions/{transaction.transaction_id}"
    call.status, call.version, call.replayed = _status(posted), POSTED, posted.replayed
    return transaction


@operations.get("/transactions", limit=1000)
async def list_transactions(
    call: Call[Ledger], page: Page[TransactionCursor], account_id: UUID | None = None
) -> Listing[Transaction]:
    """List transactions, newest first, by (`created_at`, `transaction_id`)."""
    return await call.service.list_transactions(page.limit, page.after, account_id, page.total)


@operations.get("/transactions/{transaction_id}", raises=[NotFound])
async def get_transaction(call: Call[Ledger], transaction_id: UUID) -> Transaction:
    """Return one transaction. It never changes."""
    call.version = POSTED
    return await call.service.transaction(transaction_id)


@operations.post("/transactions/{transaction_id}/reversal", status=201, raises=[NotFound, Conflict])
async def reverse_transaction(call: Call[Ledger], transaction_id: UUID) -> Reversal:
    """Undo a transaction, once; both legs if it belongs to a transfer. Floors apply."""
    posted = await call.service.reverse(transaction_id, call.idempotency)
    call.location = f"/transactions/{posted.legs[0].transaction_id}"
    call.status, call.version, call.replayed = _status(posted), POSTED, posted.replayed
    undone = [leg.reverses for leg in posted.legs if leg.reverses is not None]
    return Reversal(undone, posted.legs[0].created_at, list(posted.legs))


@operations.get("/accounts", limit=1000)
async def list_accounts(call: Call[Ledger], page: Page[AccountCursor]) -> Listing[Account]:
    """List accounts by id."""
    return await call.service.list_accounts(page.limit, page.after, page.total)


@operations.get("/accounts/{account_id}", raises=[NotFound])
async def get_account(call: Call[Ledger], account_id: UUID, at: Instant | None = None) -> Account | BalanceAt:
    """Return an account with its balance now, or its balance `at` an instant."""
    if at is not None:
        return await call.service.balance_at(account_id, at)
    account = await call.service.account(account_id)
    call.version = account.version
    return account


@operations.get("/accounts/{account_id}/transactions", limit=1000, raises=[NotFound])
async def list_account_transactions(
    call: Call[Ledger], account_id: UUID, page: Page[TransactionCursor]
) -> Listing[Transaction]:
    """List the transactions of one account with the balance after each, newest first."""
    return await call.service.statement(account_id, page.limit, page.after, page.total)


@operations.put("/accounts/{account_id}/limits", raises=[NotFound, Conflict, PreconditionFailed], conditional=True)
async def set_limits(call: Call[Ledger], account_id: UUID, body: NewLimits) -> Limits:
    """Set the floor of an account, or remove it with `null`. No write may take the balance below it."""
    outcome = await call.service.set_limits(
        account_id, body.min_balance, call.if_match, call.idempotency, call.if_none_match
    )
    call.replayed = outcome.replayed
    call.version = outcome.version
    return outcome.limits


@operations.post("/transfers", status=201, also=REPEATED, raises=[Conflict])
async def create_transfer(call: Call[Ledger], body: NewTransfer) -> Transfer:
    """Move money between two accounts, atomically: one transaction on each, or none.

    A client-chosen `transfer_id` makes a retry safe, as for transactions.
    """
    posted = await call.service.transfer(body, call.idempotency)
    transfer = _transfer(posted.legs)
    call.location = f"/transfers/{transfer.transfer_id}"
    call.status, call.version, call.replayed = _status(posted), POSTED, posted.replayed
    return transfer


@operations.get("/transfers/{transfer_id}", raises=[NotFound])
async def get_transfer(call: Call[Ledger], transfer_id: UUID) -> Transfer:
    """Return one transfer with its two transactions."""
    call.version = POSTED
    return _transfer(await call.service.transfer_legs(transfer_id))


def _status(posted: Posted) -> int:
    return 200 if posted.repeated else 201


def _transfer(legs: tuple[Transaction, ...]) -> Transfer:
    taken, given = legs
    if given.transfer_id is None:
        raise ValueError("legs of a transfer carry its id")
    return Transfer(
        given.transfer_id, taken.account_id, given.account_id, given.amount, given.created_at, [taken, given]
    )
