"""Content types and codings of bodies: 415, and no row."""

from collections.abc import Iterator

from tests.contract.scenarios import Rows, Scenario, Step, deposit, post, single
from tests.contract.wire import Values

NEW = '{"account_id": "<a>", "amount": 1}'
MOVE = '{"from": "<a>", "to": "<b>", "amount": 1}'
FLOOR = '{"min_balance": null}'

CALLS = {"POST /transactions": NEW, "POST /transfers": MOVE, "PUT /accounts/<a>/limits": FLOOR}

NOT_JSON: dict[str, Values] = {
    "no content type": None,
    "an empty content type": "",
    "a form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "plain text": "text/plain",
    "plain text with a charset": "text/plain; charset=utf-8",
    "HTML": "text/html",
    "XML": "application/xml",
    "any bytes": "application/octet-stream",
    "text/json": "text/json",
    "a problem": "application/problem+json",
    "a vendor's JSON": "application/vnd.api+json",
    "merge patch": "application/merge-patch+json",
    "JSON lines": "application/x-ndjson",
    "a longer name": "application/json5",
    "a name cut short": "application/js",
    "a wildcard": "application/*",
    "two in one": "application/json, text/plain",
    "JSON as a parameter": "text/plain; application/json",
    "JSON in latin-1": "application/json; charset=latin-1",
    "JSON in ISO 8859-1, quoted": 'application/json; charset="ISO-8859-1"',
    "JSON in UTF-16": "application/json; charset=utf-16",
    "JSON in UTF-8, then in UTF-16": "application/json; charset=utf-8; charset=utf-16",
    "bytes beyond ASCII": b"application/json\xe9",
}

JSON = (
    "application/json",
    "Application/JSON",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    'application/json ; charset="utf-8"',
    "application/json; charset=utf8",
    "application/json; version=1",
    "application/json;",
)

FORM = "account_id=<a>&amount=1"
MULTIPART = '--x\r\nContent-Disposition: form-data; name="amount"\r\n\r\n1\r\n--x--\r\n'


def _wrong() -> Iterator[Scenario]:
    for call, body in CALLS.items():
        for what, value in NOT_JSON.items():
            step = Step(call=call, body=body, headers={"Content-Type": value}, status=415)
            yield single(f"{call.removesuffix('/<a>/limits')} as {what}", step)


def _right() -> Iterator[Scenario]:
    for value in JSON:
        yield Scenario(
            f"POST /transactions as {value}",
            (post("/transactions", body=NEW, headers={"Content-Type": value}),),
            Rows(transactions=1, accounts=1),
        )


def _codings() -> Iterator[Scenario]:
    for coding in ("gzip", "br", "deflate", "identity, gzip", "x"):
        step = post("/transactions", body=NEW, headers={"Content-Encoding": coding}, status=415)
        yield single(f"a body in {coding}", step)
    yield Scenario(
        "a body in no coding, said aloud",
        (post("/transactions", body=NEW, headers={"Content-Encoding": "identity"}),),
        Rows(transactions=1, accounts=1),
    )


SCENARIOS = (
    *_wrong(),
    *_right(),
    *_codings(),
    single(
        "a real form",
        post("/transactions", body=FORM, headers={"Content-Type": "application/x-www-form-urlencoded"}, status=415),
    ),
    single(
        "a real multipart form",
        post("/transactions", body=MULTIPART, headers={"Content-Type": "multipart/form-data; boundary=x"}, status=415),
    ),
    single("no body and no content type", post("/transactions", status=415)),
    single("no body, but a content type", post("/transactions", body="", status=400, faults=("",))),
    single(
        "two content types",
        post(
            "/transactions",
            body=NEW,
            headers={"Content-Type": ("application/json", "text/plain")},
            status=400,
            faults=("header:Content-Type",),
        ),
    ),
    single(
        "a large body of another type is not even read",
        post("/transactions", body="x" * 100_000, headers={"Content-Type": "text/plain"}, status=415),
    ),
    Scenario(
        "a reversal has no body, so it needs no content type",
        (
            deposit("a", 1, keep={"t": "/transaction_id"}),
            post("/transactions/<t>/reversal", headers={"Content-Length": "0"}),
        ),
        Rows(transactions=2, accounts=1),
    ),
)
