"""Ids in paths, paths that lead nowhere, methods that a path does not have: 400, 404, 405."""

from collections.abc import Iterator

from tests.contract.scenarios import Rows, Scenario, Step, deposit, get, post, put, single

MALFORMED = {
    "a number": "7",
    "a word": "abc",
    "no hyphens": "0192f0c11111711181110123456789ab",
    "braces": "%7B0192f0c1-1111-7111-8111-0123456789ab%7D",
    "a urn": "urn:uuid:0192f0c1-1111-7111-8111-0123456789ab",
    "one digit less": "0192f0c1-1111-7111-8111-0123456789a",
    "one digit more": "0192f0c1-1111-7111-8111-0123456789abc",
    "no hexadecimal digit": "0192f0c1-1111-7111-8111-0123456789ag",
    "hyphens elsewhere": "0192f0c11-111-7111-8111-0123456789ab",
    "a blank for a digit": "0192f0c1-1111-7111-8111-0123456789a%20",
    "a plus for a digit": "0192f0c1-1111-7111-8111-0123456789a+",
    "NUL for a digit": "0192f0c1-1111-7111-8111-0123456789a%00",
    "a line break behind": "0192f0c1-1111-7111-8111-0123456789ab%0A",
    "digits of another script": "0192f0c1-1111-7111-8111-0123456789a%EF%BC%91",
    "an encoded slash behind": "0192f0c1-1111-7111-8111-0123456789ab%2F",
    "dots": "..",
    "encoded dots": "%2e%2e",
    "half an escape": "0192f0c1-1111-7111-8111-0123456789%4",
    "a quote": "0192f0c1-1111-7111-8111-0123456789a'",
    "a star": "*",
    "a parameter": "<a>;v=1",
    "a template": "%7Baccount_id%7D",
    "very long": "a" * 5000,
}

PLACES = {
    "GET /transactions/{}": "path:transaction_id",
    "GET /accounts/{}": "path:account_id",
    "GET /accounts/{}/transactions": "path:account_id",
    "GET /transfers/{}": "path:transfer_id",
    "POST /transactions/{}/reversal": "path:transaction_id",
    "PUT /accounts/{}/limits": "path:account_id",
}

NOWHERE = (
    "/nothing",
    "/transaction",
    "/Transactions",
    "/TRANSACTIONS",
    "/transactions/",
    "//transactions",
    "/transactions//",
    "//",
    "/ping/",
    "/ping/pong",
    "/ping;v=1",
    "/ping%00",
    "/ping%20",
    "/ping%2F",
    "/ping%0d%0aSet-Cookie:x=1",
    "/accounts/",
    "/accounts//transactions",
    "/accounts/<a>/",
    "/accounts/<a>/limit",
    "/accounts/<a>/transactions/",
    "/accounts/<a>/transactions/<b>",
    "/transactions/<a>/reversals",
    "/transfers/",
    "/transactions/../ping",
    "/./ping",
    "/../ping",
    "/transactions/%2e%2e/ping",
    "/..%2f..%2fetc%2fpasswd",
    "/../../../../etc/passwd",
    "/static/../../etc/passwd",
    "/.git/config",
    "/.env",
    "/wp-login.php",
    "/healthz",
    "/openapi.yaml",
    "/%",
    "/%zz",
    "/a%2Fb",
    "/" + "x" * 4000,
    "/" + "a/" * 2000,
)

METHODS = {
    "/ping": "GET, HEAD, OPTIONS",
    "/transactions": "GET, HEAD, POST, OPTIONS",
    "/transactions/<a>": "GET, HEAD, OPTIONS",
    "/transactions/<a>/reversal": "POST, OPTIONS",
    "/accounts": "GET, HEAD, OPTIONS",
    "/accounts/<a>": "GET, HEAD, OPTIONS",
    "/accounts/<a>/transactions": "GET, HEAD, OPTIONS",
    "/accounts/<a>/limits": "PUT, OPTIONS",
    "/transfers": "POST, OPTIONS",
    "/transfers/<a>": "GET, HEAD, OPTIONS",
    "/health/live": "GET, HEAD, OPTIONS",
    "/health/ready": "GET, HEAD, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
}
"""What ``Allow`` says of each path."""

KNOWN_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PURGE")


def _malformed() -> Iterator[Scenario]:
    for place, pointer in PLACES.items():
        for what, text in MALFORMED.items():
            call = place.format(text)
            body = '{"min_balance": null}' if call.startswith("PUT") else None
            step = Step(call=call, body=body, status=400, faults=(pointer,), lacks=("passwd",))
            yield single(f"{place}: {what} is no id", step)


def _unknown() -> Iterator[Scenario]:
    for place in PLACES:
        body = '{"min_balance": null}' if place.startswith("PUT") else None
        for text in ("<a>", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"):
            yield single(f"{place}: {text} is unknown", Step(call=place.format(text), body=body, status=404))


def _methods() -> Iterator[Scenario]:
    for path, allow in METHODS.items():
        wrong = [method for method in KNOWN_METHODS if method not in allow.split(", ")]
        steps = [Step(call=f"{method} {path}", status=405, expect={"Allow": allow}) for method in wrong]
        # With whatever body and type: what is wrong first is the method.
        if "POST" in wrong:
            steps.append(post(path, body="hello", headers={"Content-Type": "text/plain"}, status=405))
        options = Step(call=f"OPTIONS {path}", status=204, expect={"Allow": allow, "Content-Length": None})
        yield Scenario(f"the methods of {path}", (*steps, options))


def _nowhere() -> Iterator[Scenario]:
    for path in NOWHERE:
        steps = [Step(call=f"{method} {path}", status=404) for method in ("GET", "POST", "OPTIONS")]
        steps.append(Step(call=f"GET {path}", status=404, lacks=("passwd", "root:")))
        yield Scenario(f"there is nothing at {path[:60]}", tuple(steps))


SCENARIOS = (
    *_malformed(),
    *_unknown(),
    *_methods(),
    *_nowhere(),
    Scenario(
        "letters that need no escape mean the same when escaped",
        (
            get("/%70ing", reply={"status": "ok"}),
            get("/p%69ng?", reply={"status": "ok"}),
            deposit("a", 1),
            get("/%61ccounts/<a>", expect={"ETag": '"1"'}),
        ),
        Rows(transactions=1, accounts=1),
    ),
    single("a path that is not UTF-8", get("/transactions/%ff", status=400, faults=("path",))),
    single("an id on another path's place", put("/transactions/<a>/limits", {"min_balance": None}, 404)),
    Scenario(
        "an escaped slash does not part a path",
        (
            deposit("a", 1),
            get("/accounts/<a>%2Ftransactions", status=400, faults=("path:account_id",)),
            get("/accounts%2F<a>", status=404),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "an id of one kind is none of another",
        (
            deposit("a", 1, keep={"t": "/transaction_id"}),
            get("/accounts/<t>", status=404),
            get("/transactions/<a>", status=404),
            get("/transfers/<t>", status=404),
        ),
        Rows(transactions=1, accounts=1),
    ),
    Scenario(
        "a failure is told to HEAD by its status alone",
        (
            Step(call="HEAD /nothing", status=404),
            Step(call="HEAD /accounts/7", status=400),
            Step(call="HEAD /accounts/<a>", status=404),
            Step(call="HEAD /transfers", status=405, expect={"Allow": "POST, OPTIONS"}),
        ),
    ),
)
