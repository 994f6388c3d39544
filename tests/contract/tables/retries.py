"""``Idempotency-Key``: a request sent twice takes effect once, and is answered the same."""

from collections.abc import Iterator
from typing import Any

from tests.contract.scenarios import Holding, Rows, Scenario, Step, deposit, get, post, put
from tests.contract.tables.transactions import entry

KEYED = {"Idempotency-Key": "<key>"}
FIRST = {"Idempotency-Replayed": None}
AGAIN = {"Idempotency-Replayed": "true"}

NEW = {"account_id": "<a>", "amount": 5}
MOVE = {"from": "<a>", "to": "<b>", "amount": 5}

ACCEPTED = {
    "one character": "k",
    "255 characters": "k" * 255,
    "a UUID in quotes": '"<key>"',
    "punctuation": "!#$%&'()*+,-./:;?@[]^_`{|}~",
    "a quote alone": '"',
    "two quotes": '""',
}

REFUSED: dict[str, Any] = {
    "an empty key": "",
    "a blank": " ",
    "256 characters": "k" * 256,
    "4,000 characters": "k" * 4000,
    "a blank inside": "one two",
    "a tab inside": "one\ttwo",
    "latin-1": "schlüssel",
    "UTF-8": "schlüssel".encode(),
    "two keys": ("one", "two"),
    "the same key twice": ("one", "one"),
}


def create(status: int = 201, headers: Any = KEYED, amount: Any = 5, **more: Any) -> Step:
    """Return the step that adds 5 to account a, under a key."""
    return post("/transactions", NEW | {"amount": amount}, status, headers=headers, **more)


def _keys() -> Iterator[Scenario]:
    for what, key in ACCEPTED.items():
        headers = {"Idempotency-Key": key}
        yield Scenario(
            f"a key of {what}",
            (
                post("/transactions", NEW, headers=headers, expect=FIRST, keep={"t": "/transaction_id"}),
                post("/transactions", NEW, headers=headers, expect=AGAIN, reply=Holding(transaction_id="<t>")),
            ),
            Rows(transactions=1, accounts=1, keys=1),
        )
    for what, key in REFUSED.items():
        refused = create(400, {"Idempotency-Key": key}, faults=("header:Idempotency-Key",))
        yield Scenario(f"{what} is no key", (refused,))


REPLAYS = (
    Scenario(
        "a transaction sent three times is stored once",
        (
            create(expect=FIRST, keep={"t": "/transaction_id", "then": "/created_at"}),
            create(expect=AGAIN | {"Location": "/transactions/<t>"}, reply=entry(5, 1, 5) | {"created_at": "<then>"}),
            deposit("a", 1),
            create(expect=AGAIN, reply=entry(5, 1, 5) | {"transaction_id": "<t>", "created_at": "<then>"}),
        ),
        Rows(transactions=2, accounts=1, keys=1),
        {"<a>": 6},
    ),
    Scenario(
        "a transfer sent twice moves once",
        (
            post("/transfers", MOVE, headers=KEYED, expect=FIRST, keep={"x": "/transfer_id"}),
            post(
                "/transfers",
                MOVE,
                headers=KEYED,
                expect=AGAIN | {"Location": "/transfers/<x>"},
                reply=Holding(transfer_id="<x>", transactions=[entry(-5, 1, -5), entry(5, 1, 5, "b")]),
            ),
        ),
        Rows(transactions=2, accounts=2, keys=1),
        {"<a>": -5, "<b>": 5},
    ),
    Scenario(
        "a reversal sent twice undoes once",
        (
            deposit("a", 5, keep={"t": "/transaction_id"}),
            post(
                "/transactions/<t>/reversal", headers=KEYED, expect=FIRST, keep={"r": "/transactions/0/transaction_id"}
            ),
            post(
                "/transactions/<t>/reversal",
                headers=KEYED,
                expect=AGAIN | {"Location": "/transactions/<r>"},
                reply=Holding(reverses=["<t>"], transactions=[entry(-5, 2, 0) | {"transaction_id": "<r>"}]),
            ),
            post("/transactions/<t>/reversal", status=409, kind="already-reversed"),
        ),
        Rows(transactions=2, accounts=1, keys=1),
        {"<a>": 0},
    ),
    Scenario(
        "the reversal of a transfer, sent twice",
        (
            post("/transfers", MOVE, keep={"t": "/transactions/0/transaction_id"}),
            post(
                "/transactions/<t>/reversal", headers=KEYED, expect=FIRST, keep={"r": "/transactions/1/transaction_id"}
            ),
            post(
                "/transactions/<t>/reversal",
                headers=KEYED,
                expect=AGAIN,
                reply=Holding(transactions=[entry(-5, 2, 0, "b"), entry(5, 2, 0) | {"transaction_id": "<r>"}]),
            ),
        ),
        Rows(transactions=4, accounts=2, keys=1),
        {"<a>": 0, "<b>": 0},
    ),
    Scenario(
        "a floor set twice under one key is the floor of the first time",
        (
            deposit("a", 5),
            put("/accounts/<a>/limits", {"min_balance": 1}, headers=KEYED, expect=FIRST | {"ETag": '"2"'}),
            put("/accounts/<a>/limits", {"min_balance": 2}),
            put(
                "/accounts/<a>/limits",
                {"min_balance": 1},
                headers=KEYED,
                expect=AGAIN | {"ETag": '"2"'},
                reply={"account_id": "<a>", "min_balance": 1},
            ),
            get("/accounts/<a>", reply=Holding(min_balance=2, version=3)),
        ),
        Rows(transactions=1, accounts=1, keys=1),
    ),
    Scenario(
        "a key in quotes is the key without them",
        (create(headers={"Idempotency-Key": '"<key>"'}), create(expect=AGAIN)),
        Rows(transactions=1, accounts=1, keys=1),
    ),
    Scenario(
        "a key and a chosen id",
        (
            post("/transactions", _chosen := NEW | {"transaction_id": "<t>"}, headers=KEYED, expect=FIRST),
            post("/transactions", _chosen, headers=KEYED, expect=AGAIN),
            post("/transactions", _chosen, 200, expect=FIRST),
            post("/transactions", _chosen, 200, headers={"Idempotency-Key": "<other>"}, expect=FIRST),
            post("/transactions", _chosen, 200, headers={"Idempotency-Key": "<other>"}, expect=AGAIN),
        ),
        Rows(transactions=1, accounts=1, keys=2),
        {"<a>": 5},
    ),
)

OTHER_CONTENT = (
    Scenario(
        "a key with other content is refused, and changes nothing",
        (
            create(),
            create(422, amount=6),
            post("/transactions", NEW | {"account_id": "<b>"}, 422, headers=KEYED),
            create(expect=AGAIN, reply=entry(5, 1, 5)),
        ),
        Rows(transactions=1, accounts=1, keys=1),
        {"<a>": 5},
    ),
    Scenario(
        "other content comes before other refusals: what it would have done does not matter",
        (
            create(),
            put("/accounts/<a>/limits", {"min_balance": 5}),
            create(422, amount=-5),
        ),
        Rows(transactions=1, accounts=1, keys=1),
    ),
    Scenario(
        "a floor under a used key and another precondition",
        (
            deposit("a", 5),
            put("/accounts/<a>/limits", {"min_balance": 1}, headers=KEYED),
            put("/accounts/<a>/limits", {"min_balance": 2}, 422, headers=KEYED),
            put("/accounts/<a>/limits", {"min_balance": 1}, 422, headers=KEYED | {"If-Match": '"2"'}),
        ),
        Rows(transactions=1, accounts=1, keys=1),
    ),
)

SCOPES = (
    Scenario(
        "the same key on another path is another key",
        (
            create(expect=FIRST),
            post("/transfers", MOVE, headers=KEYED, expect=FIRST, keep={"t": "/transactions/0/transaction_id"}),
            post("/transactions/<t>/reversal", headers=KEYED, expect=FIRST),
            put("/accounts/<a>/limits", {"min_balance": None}, headers=KEYED, expect=FIRST),
            put("/accounts/<b>/limits", {"min_balance": None}, headers=KEYED, expect=FIRST),
        ),
        Rows(transactions=5, accounts=2, keys=5),
        {"<a>": 5, "<b>": 0},
    ),
    Scenario(
        "a read passes a key over",
        (create(), get("/transactions?limit=1", headers=KEYED, expect=FIRST), get("/ping", headers=KEYED)),
        Rows(transactions=1, accounts=1, keys=1),
    ),
)

FAILURES = (
    Scenario(
        "a refusal is not kept under its key: once mended, the request goes through",
        (
            deposit("a", 1),
            put("/accounts/<a>/limits", {"min_balance": 0}),
            create(409, amount=-5, kind="balance-floor"),
            create(409, amount=-5, kind="balance-floor"),
            deposit("a", 4),
            create(amount=-5, expect=FIRST),
            create(amount=-5, expect=AGAIN),
        ),
        Rows(transactions=3, accounts=1, keys=1),
        {"<a>": 0},
    ),
    Scenario(
        "a malformed request does not use its key up",
        (
            create(400, amount="5", faults=("/amount",)),
            create(415, KEYED | {"Content-Type": "text/plain"}),
            create(403, KEYED | {"Origin": "https://elsewhere.example"}),
            create(expect=FIRST),
        ),
        Rows(transactions=1, accounts=1, keys=1),
    ),
    Scenario(
        "neither do what is unknown, and a condition that does not hold",
        (
            put("/accounts/<a>/limits", {"min_balance": 1}, 404, headers=KEYED),
            post("/transactions/<a>/reversal", status=404, headers=KEYED),
            deposit("a", 5),
            put("/accounts/<a>/limits", {"min_balance": 1}, 412, headers=KEYED | {"If-Match": '"7"'}),
            put("/accounts/<a>/limits", {"min_balance": 1}, 200, headers=KEYED, expect=FIRST),
        ),
        Rows(transactions=1, accounts=1, keys=1),
    ),
    Scenario(
        "all that is wrong is told together, the key too",
        (create(400, {"Idempotency-Key": "one two"}, amount=None, faults=("/amount", "header:Idempotency-Key")),),
    ),
)

SCENARIOS = (*_keys(), *REPLAYS, *OTHER_CONTENT, *SCOPES, *FAILURES)
