"""Transfers, floors, reversals, chosen ids, and the edge of 64 bits."""

from typing import Any

from tests.contract.scenarios import A_UUID, AN_INSTANT, Holding, Rows, Scenario, Step, deposit, get, post, put
from tests.contract.tables.transactions import INT64_MAX, INT64_MIN, JSON, entry

NO_FLOOR = {"account_id": "<a>", "min_balance": None}


def transfer(amount: int, status: int = 201, **more: Any) -> Step:
    """Return the step that moves money from account a to account b."""
    return post("/transfers", {"from": "<a>", "to": "<b>", "amount": amount}, status, **more)


def moved(amount: int, taken: Holding, given: Holding) -> Holding:
    """Return what a reply says of a transfer from a to b."""
    both = [taken | {"transfer_id": "<x>"}, given | {"transfer_id": "<x>"}]
    return Holding({"transfer_id": A_UUID, "from": "<a>", "to": "<b>", "amount": amount, "transactions": both}) | {
        "created_at": AN_INSTANT
    }


TRANSFERS = (
    Scenario(
        "a transfer is one transaction on each account",
        (
            deposit("a", 100),
            transfer(
                30,
                keep={"x": "/transfer_id"},
                reply=moved(30, entry(-30, 2, 70), entry(30, 1, 30, "b")),
                expect=JSON | {"Location": "/transfers/<x>"},
            ),
            get("/transfers/<x>", reply=moved(30, entry(-30, 2, 70), entry(30, 1, 30, "b")), expect=JSON),
            get("/accounts/<a>/transactions", reply=[Holding(transfer_id="<x>"), Holding(transfer_id=None)]),
        ),
        Rows(transactions=3, accounts=2),
        {"<a>": 70, "<b>": 30},
    ),
    Scenario(
        "a transfer may be the first that two accounts see",
        (transfer(INT64_MAX),),
        Rows(transactions=2, accounts=2),
        {"<a>": -INT64_MAX, "<b>": INT64_MAX},
    ),
    Scenario(
        "a transfer from an account to itself is refused",
        (
            post("/transfers", {"from": "<a>", "to": "<a>", "amount": 1}, 400, faults=("/to",)),
            get("/accounts/<a>", status=404),
        ),
    ),
    Scenario(
        "a transfer that would break the floor moves nothing",
        (
            deposit("a", 100),
            put("/accounts/<a>/limits", {"min_balance": 50}),
            transfer(51, 409, kind="balance-floor", lacks=("<b>",)),
            transfer(50),
        ),
        Rows(transactions=3, accounts=2),
        {"<a>": 50, "<b>": 50},
    ),
    Scenario(
        "a transfer that would overflow moves nothing",
        (deposit("b", INT64_MAX), transfer(1, 409, kind="balance-overflow"), get("/accounts/<a>", status=404)),
        Rows(transactions=1, accounts=1),
        {"<b>": INT64_MAX},
    ),
)

FLOORS = (
    Scenario(
        "a floor is set, obeyed and removed",
        (
            deposit("a", 10),
            put("/accounts/<a>/limits", {"min_balance": 0}, reply={"account_id": "<a>", "min_balance": 0}, expect=JSON),
            get("/accounts/<a>", reply=Holding(balance=10, min_balance=0)),
            deposit("a", -11, status=409, kind="balance-floor"),
            deposit("a", -10, reply=entry(-10, 2, 0)),
            put("/accounts/<a>/limits", {"min_balance": None}, reply=NO_FLOOR),
            deposit("a", -1, reply=entry(-1, 3, -1)),
        ),
        Rows(transactions=3, accounts=1),
        {"<a>": -1},
    ),
    Scenario(
        "a floor above the balance is refused",
        (
            deposit("a", 10),
            put("/accounts/<a>/limits", {"min_balance": 11}, 409, kind="balance-floor"),
            get("/accounts/<a>", reply=Holding(balance=10, min_balance=None)),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "the extremes of a floor",
        (
            deposit("a", INT64_MAX),
            put("/accounts/<a>/limits", {"min_balance": INT64_MAX}, reply=Holding(min_balance=INT64_MAX)),
            put("/accounts/<a>/limits", {"min_balance": INT64_MIN}, reply=Holding(min_balance=INT64_MIN)),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario("an unknown account has no limits", (put("/accounts/<a>/limits", {"min_balance": 0}, 404),)),
)

REVERSALS = (
    Scenario(
        "a transaction is reversed once",
        (
            deposit("a", 70, keep={"t": "/transaction_id"}),
            post(
                "/transactions/<t>/reversal",
                keep={"r": "/transactions/0/transaction_id"},
                reply={
                    "reverses": ["<t>"],
                    "created_at": AN_INSTANT,
                    "transactions": [entry(-70, 2, 0) | {"reverses": "<t>"}],
                },
                expect=JSON | {"Location": "/transactions/<r>"},
            ),
            post("/transactions/<t>/reversal", status=409, kind="already-reversed"),
            get("/transactions/<t>", reply=entry(70, 1, 70)),
            get("/transactions/<r>", reply=Holding(reverses="<t>", amount=-70)),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 0},
    ),
    Scenario(
        "a reversal can be reversed, once",
        (
            deposit("a", 70, keep={"t": "/transaction_id"}),
            post("/transactions/<t>/reversal", keep={"r": "/transactions/0/transaction_id"}),
            post("/transactions/<r>/reversal", reply=Holding(reverses=["<r>"])),
            post("/transactions/<r>/reversal", status=409, kind="already-reversed"),
        ),
        Rows(transactions=3, accounts=1),
        {"<a>": 70},
    ),
    Scenario(
        "reversing either leg of a transfer reverses both, once",
        (
            transfer(40, keep={"t": "/transactions/0/transaction_id", "u": "/transactions/1/transaction_id"}),
            post(
                "/transactions/<u>/reversal",
                reply=Holding(
                    reverses=["<u>", "<t>"],
                    transactions=[
                        entry(-40, 2, 0, "b") | {"reverses": "<u>"},
                        entry(40, 2, 0) | {"reverses": "<t>"},
                    ],
                ),
            ),
            post("/transactions/<t>/reversal", status=409, kind="already-reversed"),
            post("/transactions/<u>/reversal", status=409, kind="already-reversed"),
        ),
        Rows(transactions=4, accounts=2),
        {"<a>": 0, "<b>": 0},
    ),
    Scenario(
        "a reversal obeys the floor",
        (
            deposit("a", 70, keep={"t": "/transaction_id"}),
            put("/accounts/<a>/limits", {"min_balance": 1}),
            post("/transactions/<t>/reversal", status=409, kind="balance-floor"),
            put("/accounts/<a>/limits", {"min_balance": 0}),
            post("/transactions/<t>/reversal"),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 0},
    ),
    Scenario(
        "the smallest integer has no opposite",
        (
            deposit("a", INT64_MIN, keep={"t": "/transaction_id"}),
            post("/transactions/<t>/reversal", status=409, kind="balance-overflow"),
        ),
        Rows(transactions=1, accounts=1),
        {"<a>": INT64_MIN},
    ),
    Scenario("what is unknown cannot be reversed", (post("/transactions/<t>/reversal", status=404),)),
)

OVERFLOWS = tuple(
    Scenario(
        f"a balance never leaves 64 bits: {first} and {second:+}",
        (
            deposit("a", first),
            deposit("a", second, status=409, kind="balance-overflow"),
            get("/accounts/<a>", reply=Holding(balance=first)),
        ),
        Rows(transactions=1, accounts=1),
        {"<a>": first},
    )
    for first, second in ((INT64_MAX, 1), (INT64_MIN, -1), (INT64_MAX, INT64_MAX), (INT64_MIN, INT64_MIN))
)

CHOSEN_IDS = (
    Scenario(
        "a chosen transaction id makes a retry safe",
        (
            post("/transactions", _new := {"transaction_id": "<t>", "account_id": "<a>", "amount": 5}),
            post("/transactions", _new, 200, reply=entry(5, 1, 5) | {"transaction_id": "<t>"}),
            deposit("a", 1),
            post("/transactions", _new, 200, reply=entry(5, 1, 5), expect={"Location": "/transactions/<t>"}),
            post("/transactions", _new | {"amount": 6}, 409, kind="id-taken"),
            post("/transactions", _new | {"account_id": "<b>"}, 409, kind="id-taken"),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 6},
    ),
    Scenario(
        "a chosen transfer id makes a retry safe",
        (
            post("/transfers", _move := {"transfer_id": "<x>", "from": "<a>", "to": "<b>", "amount": 5}),
            post("/transfers", _move, 200, reply=moved(5, entry(-5, 1, -5), entry(5, 1, 5, "b"))),
            post("/transfers", _move | {"amount": 6}, 409, kind="id-taken"),
            post("/transfers", _move | {"from": "<b>", "to": "<a>"}, 409, kind="id-taken"),
            post("/transfers", _move | {"to": "<c>"}, 409, kind="id-taken"),
        ),
        Rows(transactions=2, accounts=2),
        {"<a>": -5, "<b>": 5},
    ),
    Scenario(
        "an id given by the service is taken, too",
        (
            deposit("a", 5, keep={"t": "/transaction_id"}),
            post("/transactions", {"transaction_id": "<t>", "account_id": "<a>", "amount": 6}, 409, kind="id-taken"),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "a repeated request finds its first answer even where a new one would be refused",
        (
            post("/transactions", _new),
            put("/accounts/<a>/limits", {"min_balance": 5}),
            post("/transactions", _new, 200, reply=entry(5, 1, 5)),
        ),
        Rows(transactions=1, accounts=1),
    ),
)

SCENARIOS = (*TRANSFERS, *FLOORS, *REVERSALS, *OVERFLOWS, *CHOSEN_IDS)
