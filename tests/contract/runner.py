"""Runs a scenario against a service that really runs, then counts rows in its database."""

import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.contract.conventions import KINDS, check_problem, check_reply
from tests.contract.database import Stored
from tests.contract.described import NOBODYS, Document
from tests.contract.scenarios import NOTHING, Rows, Scenario, Step
from tests.contract.wire import Connection, Reply, Values, chunks, head

_NAME = re.compile(r"<([a-z_]+)>")


class Names(defaultdict[str, str]):
    """The values behind ``<name>``: given, kept, or a fresh UUID."""

    def __init__(self, host: str) -> None:
        super().__init__(lambda: str(uuid4()))
        self["host"] = host
        self["soon"] = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()

    def fill(self, value: Any) -> Any:
        """Return a text, a body or a whole expectation with its names replaced."""
        if isinstance(value, str):
            return _NAME.sub(lambda found: self[found[1]], value)
        if isinstance(value, bytes):
            return self.fill(value.decode("latin-1")).encode("latin-1")
        if isinstance(value, dict):
            return type(value)({self.fill(name): self.fill(item) for name, item in value.items()})
        if isinstance(value, list | tuple):
            return type(value)(self.fill(item) for item in value)
        return value


def run_scenario(scenario: Scenario, port: int, stored: Stored, document: Document) -> None:
    """Play all steps on one connection, compare each reply, then what the database holds."""
    names = Names(f"127.0.0.1:{port}")
    before = stored.counts()
    connection = Connection(port)
    try:
        for step in scenario.steps:
            time.sleep(step.pause)
            reply = play(step, connection, names)
            compare(step, reply, names)
            check_described(step, reply, names, document)
            if reply.header("connection") == "close":
                assert connection.is_closed()
                connection.close()
                connection = Connection(port)
        # Whatever was refused and however: the connection is still in step.
        connection.send(head("GET", "/ping", {"Host": names["host"]}))
        assert connection.read_reply().status == 200
    finally:
        connection.close()
    assert scenario.rows == rows_since(before, stored)
    balances = {names.fill(account): balance for account, balance in scenario.balances.items()}
    assert balances == stored.balances(list(balances))
    values = {names.fill(key): names.fill(value) for key, value in scenario.values.items()}
    assert values == stored.values(list(values))


def rows_since(before: Rows, stored: Stored) -> Rows:
    """Return how many rows came since a count."""
    after = stored.counts()
    return Rows(**{name: count - getattr(before, name) for name, count in asdict(after).items()})


def play(step: Step, connection: Connection, names: Names) -> Reply:
    """Send one request and read its reply."""
    method, _, target = names.fill(step.call).partition(" ")
    body = names.fill(step.body)
    if step.json is not NOTHING:
        body = json.dumps(names.fill(step.json))
    raw = body.encode() if isinstance(body, str) else body
    headers: dict[str, Values] = {"Host": names["host"]}
    if raw is not None:
        headers["Content-Type"] = "application/json"
        headers |= {"Transfer-Encoding": "chunked"} if step.chunked else {"Content-Length": str(len(raw))}
    headers |= names.fill(dict(step.headers))
    payload = b"" if raw is None else chunks(raw) if step.chunked else raw
    connection.send(head(method, target, headers) + payload)
    return connection.read_reply(method)


def compare(step: Step, reply: Reply, names: Names) -> None:
    """Keep what is to be kept of a reply; compare it with what the step expects, and with what every reply has."""
    method = step.call.partition(" ")[0]
    shown = reply.body[:2000].decode("utf-8", "replace")
    assert step.status == reply.status, shown
    for name, place in step.keep.items():
        names[name] = kept(reply, place)
    check_reply(reply, method)
    if reply.status >= 400 and method != "HEAD":
        check_problem(reply, step.kind or KINDS[reply.status], names.fill(step.faults))
    if step.reply is not NOTHING:
        assert names.fill(step.reply) == parse(reply.body)
    if step.text is not None:
        assert re.fullmatch(step.text, reply.body.decode(), re.DOTALL), shown
    expected = names.fill(dict(step.expect))
    assert expected == {name: reply.header(name) for name in expected}
    assert [text for text in names.fill(step.lacks) if text in shown] == []
    if step.closes:
        assert reply.header("connection") == "close"


def check_described(step: Step, reply: Reply, names: Names, document: Document) -> None:
    """Check that the service's own document foresees a reply, where it is of an operation in there."""
    method, _, target = names.fill(step.call).partition(" ")
    operation = document.find(method, target.partition("?")[0])
    if operation is not None and reply.status not in NOBODYS:
        document.check(operation, reply, method)


def parse(body: bytes) -> Any:
    """Return JSON as values among which a float never equals an integer."""
    return json.loads(body, parse_float=lambda text: f"the float {text}")


def kept(reply: Reply, place: str) -> str:
    """Return what ``Step.keep`` names."""
    if place in ("next", "after"):
        link = re.fullmatch(r'<(?P<next>[^>]*[?&]after=(?P<after>[^>&]+))>; rel="next"', reply.header("Link") or "")
        value: Any = link and link[place]
    elif place.startswith("header:"):
        value = reply.header(place.removeprefix("header:"))
    else:
        value = parse(reply.body)
        for part in place.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]
    assert value is not None, f"nothing to keep at {place}"
    return str(value)


def replies(port: int, *calls: tuple[str, Mapping[str, Values], bytes]) -> list[Reply]:
    """Send some requests, each on a connection of its own, and return the replies."""
    found: list[Reply] = []
    for call, headers, body in calls:
        method, _, target = call.partition(" ")
        with Connection(port) as connection:
            connection.send(head(method, target, {"Host": f"127.0.0.1:{port}"} | dict(headers)) + body)
            found.append(connection.read_reply(method))
    return found
