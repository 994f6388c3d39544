"""Query parameters: unknown, repeated, malformed, out of bounds: 400, each named."""

from collections.abc import Iterator

from tests.contract.scenarios import Rows, Scenario, deposit, get, post, put, single

LISTS = ("/transactions", "/accounts", "/accounts/<a>/transactions")

WRONG_LIMITS = (
    *("0", "-1", "1001", "99999999999999999999", "-0", "01", "1.0", "1e2", "abc", "", "+5", "%205", "5%20", "0x5"),
    *("%EF%BC%95", "5%00", "true", "5,6", "1_0"),
)

WRONG_BOOLEANS = ("1", "0", "yes", "True", "TRUE", "", "null", "%00")

WRONG_CURSORS = (
    *("x", "", "abc", "AAAA", "%00", "%FF%FE", "..", "7", "null", "a" * 5000, "%C3%A9", "kA", "kNn_", "1234567890"),
    # Base64 of MessagePack, well-formed but of another shape: nil, an empty list, nested lists, a map, a huge length.
    *("wA", "kA", "kZGRkQ", "gA", "3f____8", "xv____8"),
    "' OR 1=1 --",
)

WRONG_INSTANTS = (
    *("now", "", "0", "1714567800", "2024-05-01", "2024-05-01T", "12:30:00Z", "2024-05-01T12:30Z", "20240501T123000Z"),
    *("2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z"),
    *("2024-05-01T24:00:00Z", "2024-05-01T12:60:00Z", "2024-05-01T12:30:61Z", "2024-05-01T12:30:00+24:00"),
    *("2024-05-01T12:30:00+2:00", "2024-05-01T12:30:00 CET", "2024-05-01T12:30:00Z%00"),
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "99999-12-31T23:59:59Z"),
    # Within the calendar, but not in UTC.
    *("0001-01-01T00:00:00%2B14:00", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
    # A second that clocks here do not have.
    *("2016-12-31T23:59:60Z", "1714567800000", "2024-05-01T12:30:00.Z", "２024-05-01T12:30:00Z"),
)


def _wrong(target: str, name: str, values: tuple[str, ...]) -> Scenario:
    escaped = [value.replace(" ", "%20").replace("２", "%EF%BC%92") for value in values]
    steps = [get(f"{target}?{name}={value}", status=400, faults=(f"query:{name}",)) for value in escaped]
    return Scenario(f"{target}: {name} is malformed in {len(values)} ways", tuple(steps))


def _lists() -> Iterator[Scenario]:
    for target in LISTS:
        yield _wrong(target, "limit", WRONG_LIMITS)
        yield _wrong(target, "total", WRONG_BOOLEANS)
        yield _wrong(target, "after", WRONG_CURSORS)


WRITES = (
    post("/transactions?x=1", {"account_id": "<a>", "amount": 1}, 400, faults=("query:x",)),
    post("/transfers?dry_run=true", {"from": "<a>", "to": "<b>", "amount": 1}, 400, faults=("query:dry_run",)),
    post("/transactions/<a>/reversal?limit=1", status=400, faults=("query:limit",)),
    put("/accounts/<a>/limits?force=1", {"min_balance": None}, 400, faults=("query:force",)),
)

SCENARIOS = (
    *_lists(),
    _wrong("/accounts/<a>", "at", WRONG_INSTANTS),
    _wrong(
        "/transactions", "account_id", ("7", "", "abc", "0192f0c11111711181110123456789ab", "%00", "<a>0", "<a>,<b>")
    ),
    *(single(f"an unknown parameter of {step.call}", step) for step in WRITES),
    Scenario(
        "unknown parameters are named, each",
        (
            get("/ping?x=1", status=400, faults=("query:x",)),
            get("/ping?x", status=400, faults=("query:x",)),
            get("/ping?=1", status=400, faults=("query:",)),
            get("/ping?%00=1", status=400, faults=("query:\0",)),
            get("/ping?a=1&b=2&a=3", status=400, faults=("query:a", "query:b")),
            get("/transactions?Limit=1", status=400, faults=("query:Limit",)),
            get("/transactions?limit%20=1", status=400, faults=("query:limit ",)),
            get("/transactions?limi=1&limit=0", status=400, faults=("query:limi", "query:limit")),
            get("/transactions?at=2024-05-01T12:30:00Z", status=400, faults=("query:at",)),
            get("/accounts?account_id=<a>", status=400, faults=("query:account_id",)),
            get("/accounts/<a>?limit=1", status=400, faults=("query:limit",)),
            get("/accounts/<a>/transactions?account_id=<a>", status=400, faults=("query:account_id",)),
            get("/transfers/<a>?x=1", status=400, faults=("query:x",)),
            get("/transactions/<a>?x=1", status=400, faults=("query:x",)),
            get("/health/live?verbose=1", status=400, faults=("query:verbose",)),
        ),
    ),
    Scenario(
        "a parameter comes once",
        (
            get("/transactions?limit=1&limit=1", status=400, faults=("query:limit",)),
            get("/transactions?limit=1&l%69mit=2", status=400, faults=("query:limit",)),
            get("/transactions?account_id=<a>&account_id=<a>", status=400, faults=("query:account_id",)),
            get("/accounts/<a>?at=2024-05-01T12:30:00Z&at=2024-05-01T12:30:00Z", status=400, faults=("query:at",)),
        ),
    ),
    Scenario(
        "a query that is not UTF-8",
        (
            get("/transactions?limit=%ff", status=400, faults=("query:limit",)),
            get("/ping?%ff=1", status=400, faults=("query:%ff",)),
        ),
    ),
    Scenario(
        "what is wrong with path and query is told together",
        (get("/accounts/7?at=now&x=1", status=400, faults=("path:account_id", "query:at", "query:x")),),
    ),
    Scenario(
        "at most twenty faults are told",
        (
            get(
                "/ping?" + "&".join(f"p{number}=1" for number in range(500)),
                status=400,
                faults=tuple(f"query:p{number}" for number in range(20)),
            ),
        ),
    ),
    Scenario(
        "an empty query is none",
        (get("/ping?", reply={"status": "ok"}), get("/ping?&&", reply={"status": "ok"}), get("/transactions?limit=1&")),
    ),
    Scenario(
        "the bounds of a page",
        (deposit("a", 1), get("/transactions?limit=1"), get("/transactions?limit=1000"), get("/accounts?limit=1000")),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "a cursor belongs to its list",
        (
            deposit("a", 1),
            deposit("a", 2),
            deposit("b", 1),
            get("/transactions?limit=1", keep={"transactions": "after"}),
            get("/accounts?limit=1", keep={"accounts": "after"}),
            get("/transactions?after=<transactions>"),
            get("/accounts?after=<accounts>"),
            get("/accounts/<a>/transactions?after=<transactions>"),
            get("/accounts?after=<transactions>", status=400, faults=("query:after",)),
            get("/transactions?after=<accounts>", status=400, faults=("query:after",)),
            *(
                get(f"/transactions?after={forged}", status=400, faults=("query:after",))
                for forged in (
                    "<transactions>=",
                    "<transactions>A",
                    "A<transactions>",
                    "<transactions>%0A",
                    "+<transactions>",
                )
            ),
        ),
        Rows(transactions=3, accounts=2),
    ),
)
