"""A flight of postings on PostgreSQL: one call of ``ledger_post`` (see ``migrations/0001_post.postgres.sql``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roadbed.data.queries import Queries
from roadbed.domains.ledger.model import Transaction
from roadbed.domains.ledger.postings import DONE, REPEATED, REPLAYED, Known, Outcome, Posting, Written, refusal

POST = Queries(__package__ or "").statement("post")


async def post_on_postgres(connection: Any, postings: list[Posting]) -> Sequence[Outcome]:
    """Return one outcome per posting, in order; what was refused wrote nothing. ``connection`` is asyncpg's."""
    legs = [leg for posting in postings for leg in posting.legs]
    accounts = sorted({leg.account_id for leg in legs})
    place = {account_id: index for index, account_id in enumerate(accounts, 1)}
    first: list[int] = []
    last: list[int] = []
    count = 0
    for posting in postings:
        first.append(count + 1)
        count += len(posting.legs)
        last.append(count)
    arguments = {
        "accounts": accounts,
        "first_leg": first,
        "last_leg": last,
        "leg_id": [leg.transaction_id for leg in legs],
        "leg_account": [place[leg.account_id] for leg in legs],
        "leg_amount": [leg.amount for leg in legs],
        "leg_transfer": [posting.transfer_id for posting in postings for _ in posting.legs],
        "leg_reverses": [leg.reverses for leg in legs],
        "reversing": any(leg.reverses is not None for leg in legs),
        **_keys(postings),
        **_choices(postings),
    }
    row = await connection.fetchrow(POST.text("postgres"), *POST.postgres_values(arguments))
    codes, replays, created, sequences, balances = row
    outcomes: list[Outcome] = []
    for index, posting in enumerate(postings):
        if codes[index] == DONE:
            start = first[index] - 1
            outcomes.append(Written(_entries(posting, start, created, sequences, balances)))
        elif codes[index] == REPLAYED:
            status, _, reference = replays[index].partition(" ")
            outcomes.append(Known(reference, int(status), True))
        elif codes[index] == REPEATED:
            outcomes.append(Known(posting.reference(), 200, False))
        else:
            outcomes.append(refusal(codes[index]))
    return outcomes


def _entries(
    posting: Posting, start: int, created: list[Any], sequences: list[int], balances: list[int]
) -> tuple[Transaction, ...]:
    return tuple(
        [
            Transaction(
                leg.transaction_id,
                leg.account_id,
                leg.amount,
                created[index],
                sequences[index],
                balances[index],
                posting.transfer_id,
                leg.reverses,
            )
            for index, leg in enumerate(posting.legs, start)
        ]
    )


def _keys(postings: list[Posting]) -> dict[str, Any]:
    """Return the arrays of idempotency, empty where no posting has a key."""
    if all(posting.idempotency is None for posting in postings):
        return {"keyed": False, "keys": [], "fingerprints": [], "outcomes": []}
    return {
        "keyed": True,
        "keys": [posting.idempotency and posting.idempotency.key for posting in postings],
        "fingerprints": [posting.idempotency and posting.idempotency.fingerprint for posting in postings],
        "outcomes": [posting.reference() for posting in postings],
    }


def _choices(postings: list[Posting]) -> dict[str, Any]:
    """Return the arrays of chosen ids, empty where no posting has one."""
    if all(posting.chosen is None for posting in postings):
        return {"choosing": False, "chosen_transaction": [], "chosen_transfer": []}
    return {
        "choosing": True,
        "chosen_transaction": [posting.chosen if posting.transfer_id is None else None for posting in postings],
        "chosen_transfer": [posting.chosen if posting.transfer_id is not None else None for posting in postings],
    }
