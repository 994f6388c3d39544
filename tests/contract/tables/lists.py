"""Lists to their end, and balances as they were."""

from typing import Any

from tests.contract.scenarios import (
    A_NEXT_LINK,
    AN_INTEGER,
    Holding,
    Matcher,
    Rows,
    Scenario,
    Step,
    deposit,
    get,
    post,
)

A_COUNT = Matcher("A_COUNT", "[0-9]+")


def _amounts(*amounts: int) -> list[Holding]:
    return [Holding(amount=amount) for amount in amounts]


def _at(instant: str, balance: int, told: Any = None) -> Step:
    reply = Holding(account_id="<a>", balance=balance) | ({} if told is None else {"at": told})
    return get(f"/accounts/<a>?at={instant}", reply=reply, expect={"ETag": None})


def _pages(name: str, target: str) -> Scenario:
    more = {"Link": A_NEXT_LINK, "Total-Count": None}
    return Scenario(
        f"{name} is read page by page to its end",
        (
            *(deposit("a", amount) for amount in (1, 2, 3, 4, 5)),
            get(f"{target}limit=2", reply=_amounts(5, 4), expect=more, keep={"second": "next"}),
            get("<second>", reply=_amounts(3, 2), expect=more, keep={"third": "next"}),
            # What comes meanwhile is newer than what was read: it shifts nothing.
            deposit("a", 6),
            get("<third>", reply=_amounts(1), expect={"Link": None}),
            get("<second>", reply=_amounts(3, 2), expect={"Link": '<<third>>; rel="next"'}),
            get(f"{target}limit=6", reply=_amounts(6, 5, 4, 3, 2, 1), expect={"Link": None}),
            get(f"{target}limit=1000&total=true", reply=_amounts(6, 5, 4, 3, 2, 1), expect={"Total-Count": "6"}),
            get(f"{target}limit=2&total=true", expect={"Total-Count": "6", "Link": A_NEXT_LINK}),
            get(f"{target}limit=1&total=false", reply=_amounts(6), expect={"Total-Count": None}),
        ),
        Rows(transactions=6, accounts=1),
    )


LISTS = (
    _pages("the list of one account", "/transactions?account_id=<a>&"),
    _pages("a statement", "/accounts/<a>/transactions?"),
    Scenario(
        "the list of all transactions goes on where a page ended",
        (
            *(deposit(account, amount) for account, amount in (("a", 1), ("b", 2), ("a", 3), ("c", 4))),
            get("/transactions?limit=2", reply=_amounts(4, 3), keep={"more": "next"}),
            deposit("b", 5),
            get("<more>", reply=_amounts(2, 1)),
            get("/transactions?limit=1&total=true", expect={"Total-Count": A_COUNT}),
        ),
        Rows(transactions=5, accounts=3),
    ),
    Scenario(
        "accounts are listed by id",
        (
            deposit("a", 1),
            deposit("b", 2),
            get(
                "/accounts?limit=1",
                reply=[Holding(balance=AN_INTEGER)],
                expect={"Link": A_NEXT_LINK},
                keep={"more": "next", "first": "/0/account_id"},
            ),
            get("<more>", reply=[Holding(balance=AN_INTEGER)], lacks=("<first>",)),
            get("/accounts?limit=1&total=true", expect={"Total-Count": A_COUNT}),
        ),
        Rows(transactions=2, accounts=2),
    ),
    Scenario(
        "an id in a query may be in capitals",
        (
            post("/transactions", {"account_id": "FEDCBA98-2345-4789-ABCD-0123456789AB", "amount": 7}),
            get("/transactions?account_id=FEDCBA98-2345-4789-abcd-0123456789ab", reply=_amounts(7)),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario("the list of an unknown account is empty", (get("/transactions?account_id=<a>", reply=[]),)),
    Scenario(
        "the list of an unknown account counts none",
        (get("/transactions?account_id=<a>&total=true", reply=[], expect={"Total-Count": "0", "Link": None}),),
    ),
    Scenario("an unknown account has no statement", (get("/accounts/<a>/transactions", status=404),)),
    Scenario(
        "a link keeps the filter and the limit",
        (
            deposit("a", 1),
            deposit("a", 2),
            get("/transactions?limit=1&account_id=<a>", keep={"link": "next"}),
            get("<link>", reply=_amounts(1), expect={"Link": None}),
        ),
        Rows(transactions=2, accounts=1),
    ),
)

INSTANTS = (
    Scenario(
        "a balance as it was",
        (
            deposit("a", 10, keep={"first": "/created_at"}),
            deposit("a", -3, keep={"second": "/created_at"}),
            _at("2001-01-01T00:00:00Z", 0, "2001-01-01T00:00:00Z"),
            _at("<first>", 10, "<first>"),
            _at("<second>", 7, "<second>"),
            _at("2999-12-31T23:59:59Z", 7),
        ),
        Rows(transactions=2, accounts=1),
    ),
    Scenario(
        "the forms of an instant",
        (
            deposit("a", 10),
            _at("2001-02-03T04:05:06", 0, "2001-02-03T04:05:06Z"),
            _at("2001-02-03T04:05:06.5", 0, "2001-02-03T04:05:06.500000Z"),
            _at("2001-02-03T04:05:06.789012Z", 0, "2001-02-03T04:05:06.789012Z"),
            _at("2001-02-03T04:05:06%2B02:00", 0, "2001-02-03T02:05:06Z"),
            _at("2001-02-03T04:05:06+02:00", 0, "2001-02-03T02:05:06Z"),
            _at("2001-02-03T04:05:06%2B0200", 0, "2001-02-03T02:05:06Z"),
            _at("2001-02-03T04:05:06-23:59", 0, "2001-02-04T04:04:06Z"),
            _at("2001-02-03t04:05:06z", 0, "2001-02-03T04:05:06Z"),
            _at("2000-02-29T00:00:00Z", 0, "2000-02-29T00:00:00Z"),
            _at("0001-01-01T00:00:00Z", 0, "0001-01-01T00:00:00Z"),
            _at("9999-12-31T23:59:59.999999Z", 10, "9999-12-31T23:59:59.999999Z"),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario("an unknown account had no balance", (get("/accounts/<a>?at=2001-01-01T00:00:00Z", status=404),)),
    Scenario(
        "a reversal does not change what was",
        (
            deposit("a", 10, keep={"t": "/transaction_id", "then": "/created_at"}),
            post("/transactions/<t>/reversal", keep={"now": "/created_at"}),
            _at("<then>", 10),
            _at("<now>", 0),
        ),
        Rows(transactions=2, accounts=1),
        {"<a>": 0},
    ),
)

SCENARIOS = (*LISTS, *INSTANTS)
