"""Entity tags: what a client has already is not sent again (304), what changed meanwhile is not overwritten (412)."""

from collections.abc import Iterator

from tests.contract.scenarios import Holding, Rows, Scenario, Step, deposit, get, post, put

ONE = Rows(transactions=1, accounts=1)

SAME = ('"1"', 'W/"1"', "*", '"7", "1"', '"7","1" , "8"', ' "1" ', 'W/"2", W/"1"', '"a,b", "1"')
OTHER = ('"2"', 'W/"2"', '"01"', '"+1"', '"1.0"', '"-1"', '"abc"', '""', '"99999999999999999999"', '"2", "3"')
MALFORMED = (
    "1",
    '"1',
    '1"',
    "'1'",
    'w/"1"',
    "W/1",
    '"1" "2"',
    '"1";',
    "**",
    '*, "1"',
    '"1", ',
    ", ",
    '"1 "',
    '"a b"',
    '"a"b"',
)


def _floor(if_match: str, status: int, faults: tuple[str, ...] = ()) -> Step:
    return put("/accounts/<a>/limits", {"min_balance": 0}, status, headers={"If-Match": if_match}, faults=faults)


def _reads() -> Iterator[Scenario]:
    known = [
        get(
            "/accounts/<a>",
            headers={"If-None-Match": tags},
            status=304,
            expect={"ETag": '"1"', "Cache-Control": "no-cache"},
        )
        for tags in SAME
    ]
    yield Scenario("an account that the client has is not sent again", (deposit("a", 1), *known), ONE)
    unknown = [
        get("/accounts/<a>", headers={"If-None-Match": tags}, reply=Holding(balance=1), expect={"ETag": '"1"'})
        for tags in OTHER
    ]
    yield Scenario("an account that the client has not is sent", (deposit("a", 1), *unknown), ONE)
    wrong = [
        get("/accounts/<a>", headers={name: tags}, status=400, faults=(f"header:{name}",))
        for tags in MALFORMED
        for name in ("If-None-Match", "If-Match")
    ]
    yield Scenario("a read under a malformed condition", (deposit("a", 1), *wrong), ONE)
    yield Scenario(
        "a read may demand a version",
        (
            deposit("a", 1),
            get("/accounts/<a>", headers={"If-Match": '"1"'}, reply=Holding(balance=1)),
            get("/accounts/<a>", headers={"If-Match": "*"}, reply=Holding(balance=1)),
            get("/accounts/<a>", headers={"If-Match": '"2"'}, status=412),
            get("/accounts/<a>", headers={"If-Match": 'W/"1"'}, status=412),
            get("/accounts/<a>", headers={"If-Match": '"2"', "If-None-Match": '"1"'}, status=412),
        ),
        ONE,
    )


def _writes() -> Iterator[Scenario]:
    strong = [tags for tags in SAME if not tags.startswith("W/")]
    for number, tags in enumerate(strong):
        steps = (deposit("a", 1), _floor(tags, 200), get("/accounts/<a>", expect={"ETag": '"2"'}))
        yield Scenario(f"a write under a condition that holds, {number + 1}", steps, ONE)
    weak = ('W/"1"', 'W/"2", W/"1"')
    stale = [_floor(tags, 412) for tags in (*OTHER, *weak)]
    wrong = [_floor(tags, 400, ("header:If-Match",)) for tags in MALFORMED]
    unchanged = get("/accounts/<a>", reply=Holding(min_balance=None, version=1))
    yield Scenario("a write under a condition that does not hold", (deposit("a", 1), *stale, unchanged), ONE)
    yield Scenario("a write under a malformed condition", (deposit("a", 1), *wrong, unchanged), ONE)


SCENARIOS = (
    *_reads(),
    *_writes(),
    Scenario(
        "every write gives an account another version, none comes again",
        (
            deposit("a", 1),
            get("/accounts/<a>", expect={"ETag": '"1"'}),
            deposit("a", 1, keep={"t": "/transaction_id"}),
            get("/accounts/<a>", headers={"If-None-Match": '"1"'}, expect={"ETag": '"2"'}),
            put("/accounts/<a>/limits", {"min_balance": 0}, expect={"ETag": '"3"'}),
            put("/accounts/<a>/limits", {"min_balance": 0}, expect={"ETag": '"4"'}),
            post("/transactions/<t>/reversal"),
            get("/accounts/<a>", headers={"If-None-Match": '"4"'}, expect={"ETag": '"5"'}),
            deposit("a", -2, status=409, kind="balance-floor"),
            get("/accounts/<a>", headers={"If-None-Match": '"5"'}, status=304),
        ),
        Rows(transactions=3, accounts=1),
    ),
    Scenario(
        "a condition guards against a lost update",
        (
            deposit("a", 1),
            get("/accounts/<a>", keep={"seen": "header:ETag"}),
            deposit("a", 1),
            _floor("<seen>", 412),
            get("/accounts/<a>", keep={"seen": "header:ETag"}, reply=Holding(min_balance=None)),
            _floor("<seen>", 200),
        ),
        Rows(transactions=2, accounts=1),
    ),
    Scenario(
        "a floor that must not be there yet cannot be set: limits are as old as their account",
        (
            deposit("a", 1),
            put("/accounts/<a>/limits", {"min_balance": 0}, 412, headers={"If-None-Match": "*"}),
            put("/accounts/<a>/limits", {"min_balance": 0}, 412, headers={"If-None-Match": '"1"'}),
            get("/accounts/<a>", reply=Holding(min_balance=None, version=1)),
            put("/accounts/<a>/limits", {"min_balance": 0}, 200, headers={"If-None-Match": '"2"'}),
        ),
        ONE,
    ),
    Scenario("no condition holds for an unknown account", (_floor("*", 404), _floor('"1"', 404))),
    Scenario(
        "a transaction never changes",
        (
            deposit("a", 1, keep={"t": "/transaction_id"}),
            get("/transactions/<t>", expect={"ETag": '"1"', "Cache-Control": "no-cache"}),
            get("/transactions/<t>", headers={"If-None-Match": '"1"'}, status=304),
            Step(call="HEAD /transactions/<t>", headers={"If-None-Match": '"1"'}, status=304),
            post("/transactions/<t>/reversal"),
            get("/transactions/<t>", headers={"If-None-Match": '"1"'}, status=304),
        ),
        Rows(transactions=2, accounts=1),
    ),
    Scenario(
        "a transfer never changes",
        (
            post("/transfers", {"from": "<a>", "to": "<b>", "amount": 1}, keep={"x": "/transfer_id"}),
            get("/transfers/<x>", headers={"If-None-Match": '"1"'}, status=304, expect={"ETag": '"1"'}),
        ),
        Rows(transactions=2, accounts=2),
    ),
    Scenario(
        "what is not there has no version",
        (
            get("/transactions/<a>", headers={"If-None-Match": "*"}, status=404, expect={"ETag": None}),
            get("/accounts/<a>", headers={"If-Match": "*"}, status=404, expect={"ETag": None}),
        ),
    ),
    Scenario(
        "a write that obeys no condition says so",
        (
            *tuple(
                post(
                    "/transactions",
                    {"account_id": "<a>", "amount": 1},
                    400,
                    headers={name: "*"},
                    faults=(f"header:{name}",),
                )
                for name in ("If-Match", "If-None-Match")
            ),
            post(
                "/transfers",
                {"from": "<a>", "to": "<b>", "amount": 1},
                400,
                headers={"If-Match": '"1"'},
                faults=("header:If-Match",),
            ),
            post("/transactions/<a>/reversal", status=400, headers={"If-Match": '"1"'}, faults=("header:If-Match",)),
        ),
    ),
    Scenario(
        "two lines of conditions are one list",
        (
            deposit("a", 1),
            get("/accounts/<a>", headers={"If-None-Match": ('"7"', '"1"')}, status=304),
            put("/accounts/<a>/limits", {"min_balance": 0}, 200, headers={"If-Match": ('"7"', '"1"')}),
        ),
        ONE,
    ),
)
