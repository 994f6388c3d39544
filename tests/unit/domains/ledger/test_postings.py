"""What a posting is: what it shares with others, how it is found again, how it is refused."""

from uuid import UUID

import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.ledger.model import INT64_MAX, INT64_MIN
from roadbed.domains.ledger.postings import (
    FLOOR,
    KEY_REUSED,
    OVERFLOW,
    REVERSED,
    TAKEN,
    Leg,
    Posting,
    clashes,
    leaves_int64,
    refusal,
)
from roadbed.kernel.errors import Conflict, KeyReused, RoadbedError

A, B, ONE, TWO, TRANSFER, OLD, OLDER = (UUID(int=n) for n in range(7))
KEY = Idempotency(b"k" * 16, b"f" * 16)


@pytest.mark.parametrize(
    ("posting", "expected"),
    [
        (Posting((Leg(ONE, A, 1),)), set()),
        (Posting((Leg(ONE, A, -1), Leg(TWO, B, 1)), TRANSFER), set()),
        (Posting((Leg(ONE, A, 1),), None, ONE), {ONE}),
        (Posting((Leg(ONE, A, 1),), None, None, KEY), {KEY.key}),
        (Posting((Leg(ONE, A, -1), Leg(TWO, B, 1)), TRANSFER, TRANSFER, KEY), {KEY.key, TRANSFER}),
        (Posting((Leg(ONE, A, 1, OLD),), None, None, KEY), {OLD, KEY.key}),
        (Posting((Leg(ONE, A, -1, OLD), Leg(TWO, B, 1, OLDER)), TRANSFER), {OLD, OLDER}),
    ],
)
def test_what_two_postings_of_a_flight_must_not_share(posting: Posting, expected: set[object]) -> None:
    assert set(clashes(posting)) == expected


@pytest.mark.parametrize(
    ("posting", "expected"),
    [
        (Posting((Leg(ONE, A, 1),)), f"t:{ONE}"),
        (Posting((Leg(ONE, A, 1),), None, ONE), f"t:{ONE}"),
        (Posting((Leg(ONE, A, 1, OLD),)), f"t:{ONE}"),
        # Of a transfer that another request may have written before, only the chosen id is known.
        (Posting((Leg(ONE, A, -1), Leg(TWO, B, 1)), TRANSFER, TRANSFER), f"x:{TRANSFER}"),
        (Posting((Leg(ONE, A, -1), Leg(TWO, B, 1)), TRANSFER), f"x:{TRANSFER}"),
        (Posting((Leg(ONE, A, -1, OLD), Leg(TWO, B, 1, OLDER)), TRANSFER), f"t:{ONE},{TWO}"),
    ],
)
def test_how_a_posting_is_found_again(posting: Posting, expected: str) -> None:
    assert posting.reference() == expected


@pytest.mark.parametrize(
    ("balance", "expected"),
    [(INT64_MIN - 1, True), (INT64_MIN, False), (0, False), (INT64_MAX, False), (INT64_MAX + 1, True)],
)
def test_the_range_of_a_balance(balance: int, expected: bool) -> None:
    assert leaves_int64(balance) is expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (TAKEN, "id-taken"),
        (REVERSED, "already-reversed"),
        (OVERFLOW, "balance-overflow"),
        (FLOOR, "balance-floor"),
    ],
)
def test_every_conflict_has_its_kind(code: int, kind: str) -> None:
    error = refusal(code)
    assert isinstance(error, Conflict)
    assert error.kind == kind


def test_a_key_with_other_content() -> None:
    assert isinstance(refusal(KEY_REUSED), KeyReused)


def test_every_refusal_is_an_error_of_its_own() -> None:
    """One instance told to two requests would carry the traceback of both."""
    errors: list[RoadbedError] = [refusal(FLOOR), refusal(FLOOR)]
    assert errors[0] is not errors[1]
