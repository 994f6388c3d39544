"""Browsers are led to pages; nobody else notices, by any method, at any path."""

from typing import Any

import pytest

from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.kernel.errors import Invalid
from roadbed.kernel.events import Events
from tests.unit.http.driving import Recorder, ask

CHROMIUM = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
PROGRAMS: tuple[dict[str, str], ...] = ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/plain"})
LEADS = {
    "/": "/console/",
    "/keys": "/console/keys",
    "/keys/": "/console/keys",
    "/books": "/console/books",
    "/books/": "/console/books",
    "/shop": "/console/shop",
    "/shelves/": "/console/shelves",
    "/writes": "/console/writes",
}


async def _names(call: Call[str]) -> list[str]:
    return [call.service]


async def _one(call: Call[str], name: str) -> str:
    if not name:
        raise Invalid("A name is missing")
    return f"{call.method} {name}"


async def _page(_call: Call[str]) -> Reply:
    return Reply(body=b"<p>shop", media_type="text/html")


def make(leads: dict[str, str] | None) -> tuple[Edge, Recorder]:
    data: Operations[str] = Operations("data", "Data")
    for path in ("/", "/keys", "/shop", "/shelves/{name}"):
        handler: Any = _one if "{" in path else _names
        data.get(path)(handler)
    data.post("/keys")(_names)
    data.post("/writes")(_names)
    for declare in (data.get, data.put, data.delete):
        declare("/keys/{name:path}")(_one)
    data.get("/shop", page=True, documented=False)(_page)
    events = Events()
    recorder = Recorder(events)
    return Edge([(data, "data")], events, HttpOptions(allowed_hosts=("service.test",)), leads=leads), recorder


@pytest.fixture
def edge() -> Edge:
    return make(LEADS)[0]


@pytest.mark.parametrize("path", ["/", "/keys", "/keys/", "/books", "/books/", "/shelves/"])
async def test_a_browser_is_led_to_the_page(edge: Edge, path: str) -> None:
    for method in ("GET", "HEAD"):
        reply = await ask(edge, f"{method} {path}", headers=CHROMIUM)
        assert (reply.status, reply.header("location"), reply.body) == (302, LEADS[path], b"")
        assert (reply.header("vary"), reply.header("cache-control")) == ("Accept", "no-store")
        assert sorted(set(reply.names)) == sorted(reply.names)


async def test_campaign_tags_do_not_hinder_it(edge: Edge) -> None:
    assert (await ask(edge, "GET /keys?utm_source=letter", headers=CHROMIUM)).status == 302
    assert (await ask(edge, "GET /keys?utm_source=letter")).status == 400


PATHS = ("/", "/keys", "/keys/", "/keys/a", "/books", "/books/", "/shelves/", "/shelves/a", "/writes", "/nothing")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"])
async def test_a_program_gets_what_it_always_got(path: str, method: str) -> None:
    for headers in PROGRAMS:
        given = {**headers, "X-Request-Id": "same"}
        (led, told), (plain, told_plain) = make(LEADS), make({})
        found, expected = (
            await ask(led, f"{method} {path}", headers=given),
            await ask(plain, f"{method} {path}", headers=given),
        )
        headers_found = [field for field in found.headers if field[0] != "vary"]
        assert (found.status, headers_found, found.body) == (expected.status, expected.headers, expected.body)
        assert [event.route for event in told.finished] == [event.route for event in told_plain.finished]


async def test_other_methods_of_a_browser_go_where_they_went(edge: Edge) -> None:
    statuses = [
        (await ask(edge, call, headers=CHROMIUM)).status for call in ("POST /keys", "POST /books", "PUT /keys/")
    ]
    assert statuses == [200, 404, 400]


async def test_who_looks_at_accept_says_so(edge: Edge) -> None:
    replies = [await ask(edge, f"GET {path}") for path in ("/", "/keys", "/keys/a")]
    assert [reply.header("vary") for reply in replies] == ["Accept", "Accept", None]
    get = (await ask(edge, "GET /openapi.json")).json()["paths"]["/keys"]["get"]
    assert "Vary" in get["responses"]["200"]["headers"]
    assert {"Location", "Vary", "X-Request-Id"} == set(get["responses"]["302"]["headers"])


async def test_a_page_stays_a_page(edge: Edge) -> None:
    assert (await ask(edge, "GET /shop", headers=CHROMIUM)).body == b"<p>shop"


async def test_a_path_that_only_writes_leads_nowhere(edge: Edge) -> None:
    reply = await ask(edge, "GET /writes", headers=CHROMIUM)
    assert (reply.status, reply.header("allow")) == (405, "POST, OPTIONS")


async def test_documents_do_not_list_leads(edge: Edge) -> None:
    paths = (await ask(edge, "GET /openapi.json")).json()["paths"]
    assert set(paths) == {"/", "/keys", "/keys/{name}", "/shop", "/shelves/{name}", "/writes"}


async def test_logs_and_metrics_tell_which_lead_was_followed() -> None:
    edge, recorder = make(LEADS)
    for path in ("/", "/keys", "/keys/", "/books/"):
        await ask(edge, f"GET {path}", headers=CHROMIUM)
    assert [event.route for event in recorder.finished] == ["/", "/keys", "/keys/{name}", "/books/"]
