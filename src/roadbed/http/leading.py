"""Where people are led: a browser that asks for a path of the API's lands on a page, and nobody else notices.

A *lead* is a path and the page to which browsers (``Accept`` prefers HTML) are led from there. What answers others at
that path goes on doing so, other methods too; where nothing does, they get the 404 that they always got.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from roadbed.http.accepting import prefers_html
from roadbed.http.asgi import Receive
from roadbed.http.call import Call
from roadbed.http.compiler import VARY, Answer, Endpoint, by_accept
from roadbed.http.router import Router
from roadbed.kernel.errors import NotFound

_READS = ("GET", "HEAD")


class Elsewhere:
    """The leads from paths at which nothing else answers."""

    def __init__(self, leads: Mapping[str, str]) -> None:
        self._leads = leads

    def answer(self, call: Call[Any]) -> bytes:
        """Lead a browser on.

        Raises:
            NotFound: it is none, or there is no lead from this path.
        """
        location = self._leads.get(call.path)
        if location is None or call.method not in _READS or not prefers_html(call.header("accept")):
            raise NotFound("There is nothing at this path")
        call.route = call.path
        call.extra = [VARY]
        return _lead_to(call, location)


def lead(endpoints: Sequence[Endpoint], leads: Mapping[str, str]) -> tuple[list[Endpoint], Elsewhere]:
    """Return the endpoints, with leads before those that answer GET at their paths, and the leads from other paths.

    A path that is a page already stays one.
    """
    find = Router(endpoints).find
    made = list(endpoints)
    elsewhere: dict[str, str] = {}
    for path, location in leads.items():
        match = find(path)
        if match is None:
            elsewhere[path] = location
            continue
        place, segments = match
        found = place.endpoints.get("GET")
        if found is None or found.has_page or found.operation.page:
            continue
        if not segments:
            made[made.index(found)] = _led(found, location)
            continue
        # A longer template answers here (`/kv/` is `/kv/{key}` without a key): this one path gets a place of its own.
        for method, endpoint in place.endpoints.items():
            if method != "HEAD":
                fixed = _fixed(endpoint, path, segments)
                made.append(_led(fixed, location) if method == "GET" else fixed)
    return made, Elsewhere(elsewhere)


def _led(endpoint: Endpoint, location: str) -> Endpoint:
    async def answer(call: Call[Any], _segments: Sequence[str], _receive: Receive) -> bytes:
        return _lead_to(call, location)

    return by_accept(endpoint, endpoint._replace(answer=answer, status=302))._replace(has_lead=True)


def _lead_to(call: Call[Any], location: str) -> bytes:
    call.status, call.location, call.media_type = 302, location, b"text/plain"
    return b""


def _fixed(endpoint: Endpoint, path: str, segments: Sequence[str]) -> Endpoint:
    inner: Answer = endpoint.answer

    async def answer(call: Call[Any], _segments: Sequence[str], receive: Receive) -> bytes:
        return await inner(call, segments, receive)

    operation = msgspec.structs.replace(endpoint.operation, path=path, documented=False)
    return endpoint._replace(answer=answer, operation=operation)
