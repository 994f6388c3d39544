"""The service's own OpenAPI document, and whether a reply is what it promises."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# It comes with schemathesis.
import jsonschema_rs

from tests.contract.wire import Connection, Reply, head

OF_EVERY_REPLY = {
    *(
        "date",
        "x-request-id",
        "traceparent",
        "content-type",
        "content-length",
        "cache-control",
        "content-security-policy",
    ),
    *("x-content-type-options", "referrer-policy", "cross-origin-resource-policy", "connection", "transfer-encoding"),
}
"""Header fields that say nothing of one operation. The document leaves all but the request id out."""

NOBODYS = {405}
"""Statuses that belong to no operation: the method is not its own."""


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_unsafe(self) -> bool:
        return self.method != "GET"

    @property
    def has_body(self) -> bool:
        return "requestBody" in self.described

    def matched(self, name: re.Match[str]) -> str:
        """Return the pattern of what stands in the path for a parameter: one segment, or more where it takes them."""
        pattern = self.parameters("path")[name[1]]["schema"].get("pattern")
        return "[^/]+" if pattern is None or re.search(pattern, "a/b") is None else ".+"

    def parameters(self, place: str) -> dict[str, dict[str, Any]]:
        """Return its parameters in the path, the query or the header, by name."""
        return {found["name"]: found for found in self.described.get("parameters", []) if found["in"] == place}


class Document:
    """An OpenAPI document."""

    def __init__(self, whole: dict[str, Any]) -> None:
        self.whole = whole
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._patterns = [
            (re.compile(re.sub(r"\{([a-z_]+)\}", operation.matched, operation.path)), operation)
            # A name in the path goes before a parameter, as it does in the service.
            for operation in sorted(self.operations(), key=lambda each: each.path.count("{"))
        ]

    def operations(self) -> Iterator[Operation]:
        for path, item in self.whole["paths"].items():
            for method, described in item.items():
                yield Operation(method.upper(), path, described)

    def that_end(self) -> Iterator[Operation]:
        """Yield the operations whose replies end: all but streams of events."""
        return (each for each in self.operations() if not each.path.endswith("/events"))

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that answers a path, HEAD as GET; None where the document knows none."""
        wanted = "GET" if method == "HEAD" else method
        found = [
            operation for pattern, operation in self._patterns if operation.method == wanted and pattern.fullmatch(path)
        ]
        # Of two paths that fit, the one with fewer parameters is meant (OpenAPI 3.1, "Path Templating Matching").
        return min(found, key=lambda operation: operation.path.count("{"), default=None)

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a reference within the document leads to; anything else as it is."""
        while "$ref" in schema:
            target: Any = self.whole
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def check(self, operation: Operation, reply: Reply, method: str) -> None:
        """Check that the document foresees the status, the header fields, the media type and the body of a reply."""
        responses = operation.described["responses"]
        assert str(reply.status) in responses, f"{operation} may not answer {reply.status}"
        response = self.resolve(responses[str(reply.status)])
        promised = {name.lower() for name in response.get("headers", {})}
        sent = {name for name, _ in reply.headers}
        assert sorted(sent - OF_EVERY_REPLY - promised) == [], f"{operation} {reply.status}: header fields not foreseen"
        if reply.status in (204, 304):
            assert "content" not in response
            return
        media = (reply.header("content-type") or "").partition(";")[0]
        assert media in response["content"], f"{operation} {reply.status}: {media} is not foreseen"
        schema = response["content"][media].get("schema")
        if method != "HEAD" and schema is not None and media.endswith("json"):
            self.validate(schema, json.loads(reply.body))

    def validate(self, schema: dict[str, Any], value: Any) -> None:
        """Check a value against a schema of this document.

        Raises:
            jsonschema_rs.ValidationError: it is something else.
        """
        key = json.dumps(schema)
        validator = self._validators.get(key)
        if validator is None:
            rooted = {**schema, "components": self.whole["components"]}
            validator = self._validators[key] = jsonschema_rs.Draft202012Validator(rooted, validate_formats=True)
        validator.validate(value)


def fetch_document(port: int) -> Document:
    """Fetch the document of a service."""
    with Connection(port) as connection:
        connection.send(head("GET", "/openapi.json", {"Host": f"127.0.0.1:{port}"}))
        reply = connection.read_reply()
    assert reply.status == 200
    assert reply.header("content-type") == "application/json"
    return Document(json.loads(reply.body))
