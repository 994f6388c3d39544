"""Whatever operation the document lists, the conventions hold for it, and its own examples are accepted."""

import copy
import json
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest

from tests.contract.conftest import Running
from tests.contract.conventions import check_problem, check_reply
from tests.contract.described import Document, Operation
from tests.contract.paths import PATHS
from tests.contract.runner import rows_since
from tests.contract.scenarios import Rows
from tests.contract.wire import Connection, Reply, Values, head
from tests.support.programs import find_program

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
UNKNOWN = str(uuid4())


class Caller:
    """Calls operations as the document describes them."""

    def __init__(self, running: Running) -> None:
        self.document = running.document
        self._port = running.port
        self.account = self._created("/transactions", account_id=str(uuid4()), amount=10_000)["account_id"]
        # What the examples speak of is there.
        for call in (("PUT", "/assets/0"), ("PUT", "/signals/0"), ("POST", "/measurements")):
            operation = self.document.find(*call)
            assert operation is not None
            assert self.call(operation).status in (200, 201)

    def _created(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.send("POST", path, {"Content-Type": "application/json"}, json.dumps(body).encode())
        assert reply.status == 201
        return json.loads(reply.body)

    def send(self, method: str, target: str, headers: dict[str, Values] | None = None, body: bytes = b"") -> Reply:
        """Send one request and check what every reply has."""
        given = {"Host": f"127.0.0.1:{self._port}", "Content-Length": str(len(body)) if body else None}
        with Connection(self._port) as connection:
            connection.send(head(method, target, {**given, **(headers or {})}) + body)
            reply = connection.read_reply(method)
        check_reply(reply, method)
        return reply

    def call(self, operation: Operation, headers: dict[str, Values] | None = None, query: str = "") -> Reply:
        """Call an operation with fresh, correct parameters and body."""
        body, media = self.body(operation)
        target = self.target(operation)
        if "?" in target:
            query = query.replace("?", "&")
        return self.send(operation.method, target + query, media | (headers or {}), body)

    def target(self, operation: Operation) -> str:
        """Return the path of something that is there, new for each call."""
        names = operation.parameters("path")
        known = {"account_id": self.account}
        if "transaction_id" in names:
            known["transaction_id"] = self._created("/transactions", account_id=self.account, amount=1)[
                "transaction_id"
            ]
        if "transfer_id" in names:
            moved = {"from": self.account, "to": str(uuid4()), "amount": 1}
            known["transfer_id"] = self._created("/transfers", **moved)["transfer_id"]
        if "key" in names:
            known["key"] = self._created("/kv", key=f"a/{uuid4()}", value={})["key"]
        if "id" in names:
            collection = operation.path.partition("/{id}")[0]
            maker = next(each for each in self.document.operations() if str(each) == f"POST {collection}")
            known["id"] = self._created(collection, **json.loads(self.body(maker)[0]))["id"]
        if not known.keys() >= names.keys():
            known |= {name: self._example(parameter["schema"]) for name, parameter in names.items()}
        needed = {name: each for name, each in operation.parameters("query").items() if each.get("required")}
        asked = "&".join(f"{name}={self._example(each['schema']['items'])}" for name, each in needed.items())
        return operation.path.format(**known) + (f"?{asked}" if asked else "")

    def body(self, operation: Operation) -> tuple[bytes, dict[str, Values]]:
        """Return a body made of the document's examples, and its media type."""
        if not operation.has_body:
            return b"", {}
        media, content = next(iter(operation.described["requestBody"]["content"].items()))
        value = self._example(content["schema"])
        if "key" in value:
            value["key"] += f"/{uuid4()}"
        if "code" in value:
            buying = next(each for each in self.document.operations() if str(each) == "POST /vouchers")
            value["code"] = self._created("/vouchers", **json.loads(self.body(buying)[0]))["code"]
        self.document.validate(content["schema"], value)
        return json.dumps(value).encode(), {"Content-Type": media}

    def _example(self, schema: dict[str, Any]) -> Any:
        schema = self.document.resolve(schema)
        if "anyOf" in schema:
            schema = schema["anyOf"][0]
        if "examples" in schema:
            return schema["examples"][0]
        if schema.get("format") == "uuid":
            return str(uuid4())
        if "enum" in schema:
            return schema["enum"][0]
        if schema["type"] == "array":
            return [self._example(schema["items"])]
        assert schema["type"] == "object", f"no example of {schema}"
        return {name: self._example(schema["properties"][name]) for name in schema["required"]}


@pytest.fixture(scope="module")
def caller(running: Running) -> Caller:
    return Caller(running)


def examples(schema: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield every example in a schema, with the schema that it is of."""
    for example in schema.get("examples", []):
        yield schema, example
    for part in [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]:
        yield from examples(part)


def test_the_document_is_one(running: Running) -> None:
    whole = running.document.whole
    assert whole["openapi"] == "3.1.0"
    assert {operation.path for operation in running.document.operations()} == set(PATHS.split())
    for schema in whole["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    names = [operation.described["operationId"] for operation in running.document.operations()]
    assert sorted(set(names)) == sorted(names)


def integers(schema: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every integer in a schema, with its place."""
    if schema.get("type") == "integer":
        yield where, schema
    for name, part in schema.get("properties", {}).items():
        yield from integers(part, f"{where}.{name}")
    for part in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        yield from integers(part, where)


def test_no_page_shows_the_lowest_integer_for_a_sample(running: Running) -> None:
    """What has neither an example nor a bound of its own is shown as -9223372036854775808."""
    schemas = running.document.whole["components"]["schemas"]
    found = [each for name, schema in schemas.items() for each in integers(schema, name)]
    assert [where for where, schema in found if "examples" not in schema and schema["minimum"] == -(2**63)] == []


def test_an_operation_is_described_to_people(running: Running) -> None:
    for operation in running.document.operations():
        assert operation.described["summary"], operation
        for response in operation.described["responses"].values():
            assert running.document.resolve(response)["description"], operation


def test_correct_calls_succeed_as_described(caller: Caller) -> None:
    for operation in caller.document.that_end():
        reply = caller.call(operation)
        assert reply.status in (200, 201, 204), operation
        caller.document.check(operation, reply, operation.method)


def test_examples_are_valid(running: Running) -> None:
    found = [pair for schema in running.document.whole["components"]["schemas"].values() for pair in examples(schema)]
    assert found
    for schema, example in found:
        running.document.validate(schema, example)


def test_an_unknown_query_parameter_is_refused(caller: Caller) -> None:
    for operation in caller.document.operations():
        known = operation.parameters("query")
        reply = caller.call(operation, query="?no_such_parameter=1")
        assert "no_such_parameter" not in known
        assert reply.status == 400, operation
        check_problem(reply, "invalid", ["query:no_such_parameter"])


def test_another_method_is_refused_and_told_which_are_not(caller: Caller) -> None:
    allowed: dict[str, set[str]] = {}
    for operation in caller.document.operations():
        allowed.setdefault(operation.path, {"OPTIONS"}).add(operation.method)
    for path, methods in allowed.items():
        has = methods | ({"HEAD"} if "GET" in methods else set())
        target = path.replace("{", "").replace("}", "")
        for method in METHODS:
            if method not in has:
                reply = caller.send(method, target)
                assert (reply.status, reply.header("allow")) == (
                    405,
                    ", ".join([*sorted(has - {"OPTIONS"}), "OPTIONS"]),
                )
        assert caller.send("OPTIONS", target).status == 204


def test_a_replay_changes_no_rows(running: Running, caller: Caller) -> None:
    for operation in caller.document.operations():
        # What is streamed has no key: it is idempotent by its own keys.
        if not operation.is_unsafe or str(operation) == "POST /measurements" or operation.path.endswith("/import"):
            continue
        assert "Idempotency-Key" in operation.parameters("header"), operation
        target, (body, media) = caller.target(operation), caller.body(operation)
        headers = {**media, "Idempotency-Key": str(uuid4())}
        first = caller.send(operation.method, target, headers, body)
        before = running.stored.counts()
        again = caller.send(operation.method, target, headers, body)
        assert (first.status, first.body) == (again.status, again.body), operation
        assert (first.header("idempotency-replayed"), again.header("idempotency-replayed")) == (None, "true")
        same = ("etag", "location", "content-type")
        assert [first.header(name) for name in same] == [again.header(name) for name in same]
        assert rows_since(before, running.stored) == Rows()


def test_pages_of_another_origin_change_nothing(running: Running, caller: Caller) -> None:
    for operation in caller.document.that_end():
        target, (body, media) = caller.target(operation), caller.body(operation)
        before = running.stored.counts()
        for foreign in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
            reply = caller.send(operation.method, target, {**media, **foreign}, body)
            assert reply.status == (403 if operation.is_unsafe else 200), operation
        assert rows_since(before, running.stored) == Rows()


def test_a_body_that_is_not_json_is_refused(running: Running, caller: Caller) -> None:
    for operation in caller.document.operations():
        if operation.has_body:
            target, (body, _) = caller.target(operation), caller.body(operation)
            before = running.stored.counts()
            # What curl sends where no media type is named: items are read under it all the same.
            form = () if str(operation) == "POST /items" else ("application/x-www-form-urlencoded",)
            for media in (None, *form, "text/plain", "multipart/form-data; boundary=x"):
                reply = caller.send(operation.method, target, {"Content-Type": media}, body)
                assert reply.status == 415, operation
                check_problem(reply, "unsupported-media-type")
            assert rows_since(before, running.stored) == Rows()


def test_a_malformed_path_is_refused(caller: Caller) -> None:
    for operation in caller.document.operations():
        for name, parameter in operation.parameters("path").items():
            wrong = {"uuid": "7", "int64": "x"}.get(parameter["schema"].get("format", ""), "a//b")
            target = operation.path.format(**dict.fromkeys(operation.parameters("path"), UNKNOWN) | {name: wrong})
            body, media = caller.body(operation)
            reply = caller.send(operation.method, target, media, body)
            assert reply.status == 400, operation
            check_problem(reply, "invalid", [f"path:{name}"])


def test_what_has_a_version_is_not_sent_twice(caller: Caller) -> None:
    for operation in caller.document.operations():
        if "304" not in operation.described["responses"]:
            continue
        target = caller.target(operation)
        first = caller.send("GET", target)
        again = caller.send("GET", target, {"If-None-Match": first.header("etag")})
        assert (again.status, again.header("etag")) == (304, first.header("etag")), operation
        caller.document.check(operation, again, "GET")
        assert caller.send("GET", target, {"If-Match": '"0"'}).status == 412


def test_heads_are_those_of_get(caller: Caller) -> None:
    for operation in caller.document.that_end():
        # What measures itself has another length each time.
        if operation.is_unsafe or operation.path in ("/metrics", "/health/ready", "/status"):
            continue
        target = caller.target(operation)
        full, bare = caller.send("GET", target), caller.send("HEAD", target)
        # How a reply is parted is left out of a head (RFC 9110, section 9.3.2).
        changing = ("x-request-id", "date", "transfer-encoding", "cache-status")
        assert [field for field in full.headers if field[0] not in changing] == [
            field for field in bare.headers if field[0] not in changing
        ]


def test_the_command_prints_what_the_service_tells(running: Running) -> None:
    printed = subprocess.run([find_program("roadbed"), "openapi"], capture_output=True, timeout=60, check=True).stdout
    assert json.loads(printed) == running.document.whole


def test_the_comparison_can_fail(running: Running, caller: Caller) -> None:
    operation = next(found for found in running.document.operations() if found.path == "/ping")
    reply = caller.call(operation)
    for doctor in (
        lambda described: described["responses"].pop("200"),
        lambda described: described["responses"]["200"]["content"].pop("application/json"),
        lambda described: described["responses"]["200"]["content"]["application/json"].update(schema={"type": "array"}),
    ):
        whole = copy.deepcopy(running.document.whole)
        doctor(whole["paths"]["/ping"]["get"])
        document = Document(whole)
        doctored = document.find("GET", "/ping")
        assert doctored is not None
        with pytest.raises((AssertionError, jsonschema_rs.ValidationError)):
            document.check(doctored, reply, "GET")
