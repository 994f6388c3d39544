"""Who asks, from where, and what they would like: Host, Origin, request ids, Accept."""

from collections.abc import Iterator
from typing import Any

from tests.contract.scenarios import A_TEXT, A_UUID, Rows, Scenario, Step, deposit, get, post, put, single
from tests.contract.wire import Values

ONE = Rows(transactions=1, accounts=1)
NEW = {"account_id": "<a>", "amount": 1}

OUR_HOSTS = ("127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:8000", "[::1]", "[::1]:8000", "localhost:")

OTHER_HOSTS = (
    *("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:127.0.0.1"),
    *(
        "127.0.0.2",
        "0.0.0.0",
        "10.0.0.1",
        "[::2]",
        "::1",
        "",
        "*",
        "127.0.0.1, evil.example",
        "evil.example, 127.0.0.1",
    ),
    *(
        "evil.example@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1/",
        "127.0.0.1#",
        "127.0.0.1 evil.example",
        "localhost.",
    ),
    *("127.0.0.1:80:80@evil.example", "[::1].evil.example", "[::1", "2130706433", "0x7f.1", "127.1", "xn--localhost-"),
)

FORWARDED: dict[str, Values] = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "host=evil.example;proto=https",
    "X-Original-URL": "/nothing",
    "X-Rewrite-URL": "/nothing",
    "X-HTTP-Method-Override": "DELETE",
}

OTHER_PAGES: tuple[dict[str, Values], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://<host>.evil.example"},
    {"Origin": "http://evil.example/<host>"},
    {"Origin": "http://evil.example?http://<host>"},
    {"Origin": "<host>"},
    {"Origin": "http://<host> http://evil.example"},
    {"Origin": "http://user@<host>"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "something-new"},
    {"Sec-Fetch-Site": ""},
)

OWN_PAGES: tuple[dict[str, Values], ...] = (
    {"Origin": "http://<host>"},
    {"Origin": "http://<host>", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
)

HARMLESS_IDS = ("abc", "A-1_b.2", "0192f0c1-1111-7111-8111-0123456789ab", "x" * 128)
HARMFUL_IDS: tuple[str | bytes, ...] = (
    *("", " ", "x" * 129, "x" * 4000, "a b", "a,b", "a;b", '{"a":1}', "<script>", "%0d%0a", "../x", "ä"),
    "ä".encode(),
    b"a\tb",
)

WISHES = (
    *(
        "*/*",
        "application/json",
        "application/*",
        "text/html",
        "application/xml",
        "image/png",
        "text/html;q=0.9, */*;q=0",
    ),
    *("application/json;q=0", "", "nonsense", ";;;", "application/problem+json", "*/*;q=2"),
)


def _hosts() -> Iterator[Scenario]:
    for host in OUR_HOSTS:
        yield Scenario(
            f"{host} is us", (get("/ping", headers={"Host": host}), deposit("a", 1, headers={"Host": host})), ONE
        )
    for host in OTHER_HOSTS:
        headers = {"Host": host, "X-Forwarded-Host": "<host>"}
        yield Scenario(
            f"{host or 'an empty host'} is not us",
            (
                get("/ping", headers=headers, status=403),
                get("/health/live", headers=headers, status=403),
                Step(call="OPTIONS /transactions", headers=headers, status=403),
                deposit("a", 1, headers=headers, status=403),
                get("/openapi.json", headers=headers, status=403),
                get("/docs", headers=headers, status=403),
            ),
        )


def _origins() -> Iterator[Scenario]:
    for headers in OTHER_PAGES:
        told = ", ".join(f"{name}: {value!r}" for name, value in headers.items())
        yield Scenario(
            f"a page elsewhere may read but not write, {told}",
            (
                deposit("a", 1, headers=headers, status=403),
                post("/transfers", {"from": "<a>", "to": "<b>", "amount": 1}, 403, headers=headers),
                post("/transactions/<a>/reversal", status=403, headers=headers),
                put("/accounts/<a>/limits", {"min_balance": 0}, 403, headers=headers),
                # What a page may send without asking first is refused for where it comes from, not for its type.
                post("/transactions", NEW, 403, headers=headers | {"Content-Type": "text/plain"}),
                get("/ping", headers=headers),
                Step(
                    call="OPTIONS /transactions",
                    headers=headers | {"Access-Control-Request-Method": "POST"},
                    status=204,
                    expect={"Access-Control-Allow-Origin": None, "Access-Control-Allow-Methods": None},
                ),
            ),
        )
    for headers in OWN_PAGES:
        told = ", ".join(f"{name}: {value!r}" for name, value in headers.items())
        yield Scenario(f"a page of ours may write, {told}", (deposit("a", 1, headers=headers),), ONE)


def _request_ids() -> Iterator[Scenario]:
    for given in HARMLESS_IDS:
        headers = {"X-Request-Id": given}
        told: dict[str, Any] = {"headers": headers, "expect": {"X-Request-Id": given}}
        yield Scenario(
            f"the request id {given[:40]} comes back, whatever becomes of the request",
            (
                get("/ping", **told),
                get("/nothing", status=404, **told),
                post("/ping", status=405, **told),
                get("/transactions?limit=0", status=400, faults=("query:limit",), **told),
                post("/transactions", body="x", status=400, faults=("",), **told),
                Step(call="OPTIONS /ping", status=204, **told),
                get("/ping", headers=headers | {"Host": "evil.example"}, status=403, expect=told["expect"]),
            ),
        )
    for number, given in enumerate(HARMFUL_IDS):
        headers = {"X-Request-Id": given}
        fresh = {"X-Request-Id": A_UUID}
        yield Scenario(
            f"a harmful request id is replaced, {number + 1}",
            (get("/ping", headers=headers, expect=fresh), get("/nothing", headers=headers, status=404, expect=fresh)),
        )


A_PROGRAM = {"Accept": "application/json"}
A_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

SCENARIOS = (
    *_hosts(),
    *_origins(),
    *_request_ids(),
    single("no Host at all", get("/ping", headers={"Host": None}, status=400, faults=("header:Host",))),
    single(
        "two Hosts", get("/ping", headers={"Host": ("<host>", "evil.example")}, status=400, faults=("header:Host",))
    ),
    single(
        "the same Host twice", get("/ping", headers={"Host": ("<host>", "<host>")}, status=400, faults=("header:Host",))
    ),
    single(
        "two request ids",
        get("/ping", headers={"X-Request-Id": ("a", "b")}, status=400, faults=("header:X-Request-Id",)),
    ),
    single(
        "two Origins",
        deposit(
            "a", 1, headers={"Origin": ("http://<host>", "https://evil.example")}, status=400, faults=("header:Origin",)
        ),
    ),
    Scenario(
        "what only a trusted proxy may say is passed over",
        (
            get("/ping", headers=FORWARDED, reply={"status": "ok"}),
            deposit("a", 1, headers=FORWARDED, keep={"t": "/transaction_id"}, expect={"Location": "/transactions/<t>"}),
            deposit("b", 1, headers=FORWARDED),
            get("/transactions?limit=1", headers=FORWARDED, expect={"Link": A_TEXT}, lacks=("evil.example",)),
        ),
        Rows(transactions=2, accounts=2),
    ),
    Scenario(
        "JSON is what there is, whatever is wished for",
        tuple(
            get("/ping", headers={"Accept": wish}, reply={"status": "ok"}, expect={"Content-Type": "application/json"})
            for wish in WISHES
        )
        + tuple(get("/nothing", headers={"Accept": wish}, status=404) for wish in WISHES),
    ),
    Scenario(
        "the root tells a program where things are, and leads a person to the console",
        (
            get("/", expect={"Content-Type": "application/json", "Vary": A_TEXT}),
            get("/", headers=A_BROWSER, status=302, expect={"Location": "/console/", "Vary": A_TEXT}),
            get("/console", status=308, expect={"Location": "/console/"}),
        ),
    ),
    *(
        Scenario(
            f"a person at {path} is led to its page, and a program is not",
            (
                get(path, headers=A_BROWSER, status=302, expect={"Location": f"/console/{name}", "Vary": "Accept"}),
                Step(call=f"HEAD {path}", headers=A_BROWSER, status=302, expect={"Location": f"/console/{name}"}),
                get(path, headers={"Accept": "*/*"}, status=status, faults=faults, expect={"Location": None}),
                get(path, headers=A_PROGRAM, status=status, faults=faults, expect={"Location": None}),
                get(path, status=status, faults=faults, expect={"Location": None}),
                get(path, headers={**A_BROWSER, "Host": "evil.example"}, status=403),
            ),
        )
        for name, path, status, *faults in (
            ("ledger", "/ledger", 404),
            ("ledger", "/ledger/", 404),
            ("kv", "/kv", 200),
            ("kv", "/kv/", 400, "path:key"),
            ("items", "/items", 200),
            ("items", "/items/", 404),
            ("telemetry", "/telemetry", 404),
            ("telemetry", "/telemetry/", 404),
        )
    ),
    Scenario(
        "wishes that nothing here fulfils are passed over",
        (
            get(
                "/ping",
                headers={"Accept-Encoding": "gzip, br", "Range": "bytes=0-1", "TE": "trailers"},
                reply={"status": "ok"},
            ),
            get(
                "/ping",
                headers={"Accept-Language": "de", "Accept-Charset": "latin-1", "DNT": "1"},
                reply={"status": "ok"},
            ),
            get("/ping", headers={"Authorization": "Bearer x", "Cookie": "a=b"}, reply={"status": "ok"}),
            get("/ping", headers={"Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}, reply={"status": "ok"}),
        ),
    ),
)
