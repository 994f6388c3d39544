"""Who may call from where: hosts, origins, CORS."""

from typing import Any

import pytest

from roadbed.http.guard import Guard, host_name, is_own_address
from roadbed.http.limits import HttpOptions
from roadbed.kernel.errors import Forbidden, Invalid
from tests.unit.http import notes
from tests.unit.http.driving import HOST, Reply, ask, drive, make_edge, messages_of, reply_of, scope_of

SHOP = "https://shop.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.example", "a.example"),
        ("A.Example:8000", "a.example"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:8000", "[::1]"),
        ("[::1]", "[::1]"),
        (" a.example ", "a.example"),
        ("", ""),
        (":80", ""),
        ("a.example:80:90", ""),
        ("[::1].evil.example", ""),
        ("[::1", ""),
        ("a.example/x", ""),
        ("user@a.example", ""),
    ],
)
def test_a_host_is_its_name_without_the_port(host: str, expected: str) -> None:
    assert expected == host_name(host)


HOSTS = ("a.example", "[::1]", "::2", "*.sub.example", "Upper.Example")


@pytest.mark.parametrize(
    "host",
    ["a.example", "A.EXAMPLE:1", "[::1]:5", "[::2]", "x.sub.example", "x.y.sub.example:80", "upper.example"],
)
def test_a_host_on_the_list_is_served(host: str) -> None:
    guard = Guard(HttpOptions(allowed_hosts=HOSTS))
    guard.check_host({b"host": host.encode()})
    guard.check_host({b"host": host.encode()})


@pytest.mark.parametrize(
    "host",
    [
        *("evil", "a.example.evil", "xa.example", "b.a.example", "sub.example", "xsub.example", "[::3]", "", ":80"),
        *("a.example.", "a.example@evil", "evil#a.example", "a.example/evil", "127.0.0.1", "*", "*.sub.example.evil"),
    ],
)
def test_a_host_that_is_not_on_the_list_is_refused(host: str) -> None:
    # A page that makes its own name point to this machine (DNS rebinding) sends that name.
    with pytest.raises(Forbidden, match="allowed_hosts"):
        Guard(HttpOptions(allowed_hosts=HOSTS)).check_host({b"host": host.encode()})


@pytest.mark.parametrize(
    ("name", "server", "own"),
    [
        ("10.0.0.5", ("10.0.0.5", 8000), True),
        ("10.0.0.5", ("::ffff:10.0.0.5", 8000), True),
        ("[fe80::1]", ("fe80::1%eth0", 8000), True),
        ("[2001:db8:0::5]", ("2001:db8::5", 8000), True),
        ("10.0.0.6", ("10.0.0.5", 8000), False),
        ("box.local", ("box.local", 8000), False),
        ("", ("10.0.0.5", 8000), False),
        ("10.0.0.5", ("/run/roadbed.sock", None), False),
        ("10.0.0.5", None, False),
    ],
)
def test_the_address_of_the_connection_itself(name: str, server: tuple[str, int | None] | None, own: bool) -> None:
    assert is_own_address(name, server) is own


@pytest.mark.parametrize("call", ["GET /notes", "OPTIONS /notes", "GET /docs/assets/docs.css"])
async def test_who_asks_for_the_address_of_the_connection_is_served(call: str) -> None:
    edge, _ = make_edge(notes.operations, notes.Notes())
    statuses = []
    for host in ("10.0.0.5:8000", "10.0.0.6:8000"):
        scope = scope_of(call, [("Host", host)]) | {"server": ("10.0.0.5", 8000)}
        statuses.append(reply_of(await drive(edge, scope, messages_of([b""]))).status)
    assert (statuses[0] < 400, statuses[1]) == (True, 403)


def test_a_request_without_host_is_malformed() -> None:
    with pytest.raises(Invalid):
        Guard(HttpOptions(allowed_hosts=HOSTS)).check_host({})


@pytest.mark.parametrize("fields", [{}, {b"host": b"anything"}, {b"host": b""}])
def test_a_star_lets_every_host_in(fields: dict[bytes, bytes]) -> None:
    Guard(HttpOptions(allowed_hosts=("*",))).check_host(fields)


def test_hosts_are_remembered_up_to_a_bound() -> None:
    guard = Guard(HttpOptions(allowed_hosts=("a.example",)))
    for port in range(1000):
        guard.check_host({b"host": b"a.example:%d" % port})
    assert len(guard.known_hosts) == 64


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"origin": f"http://{HOST}"},
        {"origin": f"https://{HOST}"},
        {"origin": f"http://{HOST.upper()}"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"},
    ],
)
async def test_ones_own_pages_and_other_programs_may_write(fields: dict[str, str]) -> None:
    edge, _ = make_edge(notes.operations, notes.Notes())
    assert (await ask(edge, "POST /notes", {"text": "x"}, fields)).status == 201


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": f"http://{HOST}.evil"},
    {"origin": f"http://evil.{HOST}"},
    {"origin": f"http://{HOST}:8000"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": HOST},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": ""},
    {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
]


@pytest.mark.parametrize("fields", FOREIGN)
async def test_a_foreign_page_may_not_write(fields: dict[str, str]) -> None:
    service = notes.Notes()
    edge, _ = make_edge(notes.operations, service)
    reply = await ask(edge, "POST /notes", {"text": "x"}, fields)
    assert (reply.status, reply.json()["type"], service.kept) == (403, "urn:roadbed:problem:forbidden", {})


@pytest.mark.parametrize("fields", FOREIGN)
async def test_a_foreign_page_may_read_nothing_but_is_not_refused(fields: dict[str, str]) -> None:
    edge, _ = make_edge(notes.operations, notes.Notes())
    reply = await ask(edge, "GET /ping", headers=fields)
    assert (
        reply.status,
        reply.header("access-control-allow-origin"),
        reply.header("cross-origin-resource-policy"),
    ) == (200, None, "same-origin")


async def cors(call: str, body: Any = None, origins: Any = (SHOP,), **headers: str) -> Reply:
    edge, _ = make_edge(notes.operations, notes.Notes(), HttpOptions(allowed_hosts=(HOST,), cors_origins=origins))
    return await ask(edge, call, body, {name.replace("_", "-"): value for name, value in headers.items()})


CALLS = [
    ("GET /ping", None, 200),
    ("POST /notes", {"text": "x"}, 201),
    ("POST /notes", {}, 400),
    ("GET /no", None, 404),
]


@pytest.mark.parametrize(("call", "body", "status"), CALLS)
async def test_a_listed_origin_may_call_and_read_every_reply(call: str, body: Any, status: int) -> None:
    reply = await cors(call, body, origin=SHOP, sec_fetch_site="cross-site")
    assert (status, SHOP, "Origin") == (
        reply.status,
        reply.header("access-control-allow-origin"),
        reply.header("vary"),
    )
    assert "X-Request-Id" in (reply.header("access-control-expose-headers") or "")


@pytest.mark.parametrize(("call", "body", "status"), CALLS)
async def test_replies_to_others_vary_by_origin_too(call: str, body: Any, status: int) -> None:
    # Else a cache could hand the one reply to the other.
    reply = await cors(call, body)
    assert (status, None, "Origin") == (
        reply.status,
        reply.header("access-control-allow-origin"),
        reply.header("vary"),
    )


async def test_what_varies_already_varies_by_origin_too() -> None:
    guard = Guard(HttpOptions(cors_origins=(SHOP,)))
    headers = [(b"vary", b"Accept")]
    guard.add_cors({}, headers)
    assert headers == [(b"vary", b"Accept, Origin")]


@pytest.mark.parametrize("origin", ["https://shop.example/", "HTTPS://SHOP.EXAMPLE"])
async def test_an_origin_may_be_listed_in_other_spellings(origin: str) -> None:
    assert (await cors("POST /notes", {"text": "x"}, (origin,), origin=SHOP)).status == 201


@pytest.mark.parametrize("origin", ["http://shop.example", "https://shop.example:444", "https://shop.example.evil"])
async def test_an_origin_that_looks_alike_is_another(origin: str) -> None:
    reply = await cors("POST /notes", {"text": "x"}, origin=origin)
    assert (reply.status, reply.header("access-control-allow-origin")) == (403, None)


async def test_a_star_lists_every_origin() -> None:
    reply = await cors("POST /notes", {"text": "x"}, ("*",), origin="https://anyone.example")
    assert (reply.status, reply.header("access-control-allow-origin")) == (201, "https://anyone.example")


async def test_a_preflight_is_answered() -> None:
    reply = await cors("OPTIONS /notes", origin=SHOP, access_control_request_method="POST")
    expected = (204, SHOP, "GET, HEAD, POST, OPTIONS", "600")
    assert expected == (
        reply.status,
        reply.header("access-control-allow-origin"),
        reply.header("access-control-allow-methods"),
        reply.header("access-control-max-age"),
    )
    allowed = reply.header("access-control-allow-headers") or ""
    assert {"Content-Type", "Idempotency-Key", "If-Match"} <= set(allowed.split(", "))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "access_control_request_method": "POST"},
        {"origin": SHOP},
        {"access_control_request_method": "POST"},
    ],
)
async def test_what_is_no_preflight_of_a_listed_origin_allows_nothing(headers: dict[str, str]) -> None:
    reply = await cors("OPTIONS /notes", **headers)
    assert (reply.status, reply.header("access-control-allow-methods")) == (204, None)


async def test_a_preflight_for_another_host_is_refused() -> None:
    reply = await cors("OPTIONS /notes", host="evil", origin=SHOP, access_control_request_method="POST")
    assert reply.status == 403
