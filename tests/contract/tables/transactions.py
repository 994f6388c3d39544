"""What the contract promises of transactions and accounts: create, read, list, balance."""

from tests.contract.scenarios import A_UUID, AN_INSTANT, Holding, Rows, Scenario, Step, deposit, get, post, single

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)

JSON = {"Content-Type": "application/json"}


def entry(amount: int, sequence: int, balance: int, account: str = "a") -> Holding:
    """Return what a reply says of one transaction."""
    return Holding(
        transaction_id=A_UUID,
        account_id=f"<{account}>",
        amount=amount,
        created_at=AN_INSTANT,
        sequence=sequence,
        balance=balance,
    )


def _exact(amount: int) -> Scenario:
    return Scenario(
        f"an amount of {amount} is stored and told exactly",
        (
            deposit("a", amount, reply=entry(amount, 1, amount), keep={"t": "/transaction_id"}),
            get("/transactions/<t>", reply=entry(amount, 1, amount)),
            get("/accounts/<a>", reply=Holding(account_id="<a>", balance=amount)),
        ),
        Rows(transactions=1, accounts=1),
        {"<a>": amount},
    )


def _written(name: str, number: str, amount: int) -> Scenario:
    body = f'{{"account_id": "<a>", "amount": {number}}}'
    return Scenario(
        f"{name} is the integer {amount}",
        (post("/transactions", body=body, reply=entry(amount, 1, amount)),),
        Rows(transactions=1, accounts=1),
        {"<a>": amount},
    )


SCENARIOS = (
    single("ping", get("/ping", reply={"status": "ok"}, expect=JSON)),
    *(_exact(amount) for amount in (0, 1, -1, 1250, 2**53 + 1, -(2**53) - 1, INT64_MAX, INT64_MIN)),
    _written("minus zero", "-0", 0),
    Scenario(
        "a transaction is created, then read, and its account with it",
        (
            deposit(
                "a",
                500,
                reply=entry(500, 1, 500),
                keep={"t": "/transaction_id"},
                expect=JSON | {"Location": "/transactions/<t>", "Cache-Control": "no-store"},
            ),
            deposit("a", -200, reply=entry(-200, 2, 300)),
            get("/transactions/<t>", reply=entry(500, 1, 500) | {"transaction_id": "<t>"}, expect=JSON),
            get("/accounts/<a>", reply=Holding(account_id="<a>", balance=300), expect=JSON),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 300},
    ),
    Scenario(
        "a reply tells what is stored, and nothing else",
        (
            deposit("a", 7, keep={"t": "/transaction_id", "then": "/created_at"}),
            get(
                "/transactions/<t>",
                reply={
                    "transaction_id": "<t>",
                    "account_id": "<a>",
                    "amount": 7,
                    "created_at": "<then>",
                    "sequence": 1,
                    "balance": 7,
                    "transfer_id": None,
                    "reverses": None,
                },
            ),
            get(
                "/accounts/<a>",
                reply={"account_id": "<a>", "balance": 7, "min_balance": None, "version": 1, "updated_at": "<then>"},
            ),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "an account may go below zero, and back",
        (
            deposit("a", -5, reply=entry(-5, 1, -5)),
            deposit("a", 5, reply=entry(5, 2, 0)),
            get("/accounts/<a>", reply=Holding(balance=0)),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 0},
    ),
    Scenario(
        "the newest transaction comes first in every list",
        (
            deposit("a", 1, keep={"one": "/transaction_id"}),
            deposit("b", 2, keep={"two": "/transaction_id"}),
            deposit("a", 3, keep={"three": "/transaction_id"}),
            get(
                "/transactions?limit=3",
                reply=[
                    Holding(transaction_id="<three>", amount=3),
                    Holding(transaction_id="<two>", amount=2),
                    Holding(transaction_id="<one>", amount=1),
                ],
                expect=JSON,
            ),
            get("/transactions?account_id=<a>", reply=[entry(3, 2, 4), entry(1, 1, 1)]),
            get("/accounts/<a>/transactions", reply=[entry(3, 2, 4), entry(1, 1, 1)]),
        ),
        Rows(transactions=3, accounts=2),
        {"<a>": 4, "<b>": 2},
    ),
    Scenario(
        "an id is told in lower case, however it was written",
        (
            post(
                "/transactions",
                {"account_id": "ABCDEF01-2345-4789-ABCD-0123456789AB", "amount": 0},
                reply=Holding(account_id="abcdef01-2345-4789-abcd-0123456789ab"),
            ),
            get(
                "/accounts/ABCDEF01-2345-4789-abcd-0123456789ab",
                reply=Holding(account_id="abcdef01-2345-4789-abcd-0123456789ab"),
            ),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "HEAD answers as GET does, without the body",
        (
            deposit("a", 1, keep={"t": "/transaction_id"}),
            get("/transactions/<t>", keep={"length": "header:Content-Length"}),
            Step(call="HEAD /transactions/<t>", expect=JSON | {"ETag": '"1"', "Content-Length": "<length>"}),
        ),
        Rows(transactions=1, accounts=1),
    ),
)
