"""The bodies that the ledger reads, and the shapes that it writes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from roadbed.domains.ledger.model import (
    INT64_MAX,
    INT64_MIN,
    NewLimits,
    NewTransaction,
    NewTransfer,
    Transaction,
    Transfer,
)

A, B = UUID(int=1), UUID(int=2)
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)


def read(kind: type[Any], body: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(body), type=kind)


@pytest.mark.parametrize("amount", [0, 1, -1, INT64_MIN, INT64_MAX])
def test_an_amount_is_any_int64(amount: int) -> None:
    assert read(NewTransaction, {"account_id": A, "amount": amount}) == NewTransaction(A, amount)
    assert read(NewLimits, {"min_balance": amount}) == NewLimits(amount)


@pytest.mark.parametrize("amount", [INT64_MIN - 1, INT64_MAX + 1, 1.5, 1.0, "1", True, None, [], {}])
def test_and_nothing_else(amount: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(NewTransaction, {"account_id": A, "amount": amount})


@pytest.mark.parametrize("amount", [0, -1, INT64_MAX + 1, INT64_MIN])
def test_what_a_transfer_moves_is_above_zero(amount: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(NewTransfer, {"from": A, "to": B, "amount": amount})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (NewTransaction, {"account_id": A, "amount": 1, "currency": "EUR"}),
        (NewTransaction, {"account_id": A, "amount": 1, "transaction_id": None}),
        (NewTransaction, {"account_id": A}),
        (NewTransaction, {"amount": 1}),
        (NewTransaction, {"account_id": "1", "amount": 1}),
        (NewTransfer, {"source": A, "target": B, "amount": 1}),
        (NewTransfer, {"from": A, "to": B, "amount": 1, "transfer_id": None}),
        (NewTransfer, {"from": A, "amount": 1}),
        (NewLimits, {}),
        (NewLimits, {"min_balance": 1.0}),
        (NewLimits, {"min_balance": None, "max_balance": 1}),
    ],
)
def test_bodies_that_are_refused(kind: type[Any], body: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(kind, body)


def test_an_id_may_be_chosen_or_left_out() -> None:
    assert read(NewTransaction, {"account_id": A, "amount": 1}).transaction_id is msgspec.UNSET
    assert read(NewTransaction, {"account_id": A, "amount": 1, "transaction_id": B}).transaction_id == B
    assert read(NewTransfer, {"from": A, "to": B, "amount": 1, "transfer_id": B}).transfer_id == B


def test_a_floor_is_removed_with_null() -> None:
    assert read(NewLimits, {"min_balance": None}) == NewLimits(None)


def test_what_a_transaction_looks_like() -> None:
    assert msgspec.to_builtins(Transaction(A, B, -5, NOON, 2, 10)) == {
        "transaction_id": str(A),
        "account_id": str(B),
        "amount": -5,
        "created_at": "2030-06-01T12:00:00Z",
        "sequence": 2,
        "balance": 10,
        "transfer_id": None,
        "reverses": None,
    }


def test_a_transfer_says_from_and_to() -> None:
    assert msgspec.to_builtins(Transfer(A, A, B, 5, NOON, [])) == {
        "transfer_id": str(A),
        "from": str(A),
        "to": str(B),
        "amount": 5,
        "created_at": "2030-06-01T12:00:00Z",
        "transactions": [],
    }
