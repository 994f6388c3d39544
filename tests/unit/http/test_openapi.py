"""The OpenAPI document: valid, complete, and from the same types as the operations."""

from typing import Any

import pytest
from schemathesis.specs.openapi import definitions

from roadbed.http.answers import failures
from roadbed.http.call import Call
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from roadbed.http.openapi import document
from roadbed.http.operations import Operations
from roadbed.kernel.events import Events
from tests.unit.http import notes
from tests.unit.http.driving import make_edge

EDGE, _ = make_edge(notes.operations, notes.Notes(), HttpOptions(title="Notes", version="1.2.3"))
DOCUMENT: dict[str, Any] = document([notes.operations], EDGE.endpoints, EDGE.options)
PATHS = DOCUMENT["paths"]


def operation(call: str) -> dict[str, Any]:
    method, _, path = call.partition(" ")
    return PATHS[path][method.lower()]


def parameters(call: str) -> dict[str, dict[str, Any]]:
    return {f"{found['in']}:{found['name']}": found for found in operation(call).get("parameters", [])}


def headers(call: str, status: int) -> set[str]:
    return set(operation(call)["responses"][str(status)]["headers"])


def test_it_is_valid() -> None:
    definitions.OPENAPI_31_VALIDATOR.validate(DOCUMENT)


def test_it_says_what_and_which_it_is() -> None:
    found = (DOCUMENT["openapi"], DOCUMENT["info"]["title"], DOCUMENT["info"]["version"], DOCUMENT["servers"])
    assert found == ("3.1.0", "Notes", "1.2.3", [{"url": "/"}])


def test_every_operation_is_listed_under_its_tag_and_name() -> None:
    expected = {
        declared.function.__name__: f"{declared.method.lower()} {declared.path.replace(':path', '')}"
        for declared in notes.operations.declared
    }
    found = {
        item["operationId"]: f"{method} {path}" for path, methods in PATHS.items() for method, item in methods.items()
    }
    assert expected == found
    assert {tuple(item["tags"]) for methods in PATHS.values() for item in methods.values()} == {("notes",)}
    assert DOCUMENT["tags"] == [{"name": "notes", "description": "Notes, for tests"}]


def test_every_reference_leads_somewhere() -> None:
    references: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            references.extend(found for key, found in value.items() if key == "$ref")
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(DOCUMENT)
    for reference in set(references):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert len(references) > 50


def test_the_docstring_is_summary_and_description() -> None:
    found = operation("PUT /notes/{note_id}")
    assert (
        found["summary"],
        found["description"],
    ) == ("Replace a note", "Only over the versions that `If-Match` names.")
    assert "description" not in operation("GET /ping")


@pytest.mark.parametrize(
    ("call", "name", "expected"),
    [
        ("GET /notes/{note_id}", "path:note_id", {"type": "string", "format": "uuid"}),
        ("GET /echo/{name}", "path:name", {"type": "string"}),
        ("GET /echo/{name}", "query:at", {"type": "string", "format": "date-time"}),
        ("GET /echo/{name}", "query:flag", {"type": "boolean", "default": False}),
        ("GET /echo/{name}", "query:ratio", {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}),
        ("GET /echo/{name}", "query:mode", {"enum": ["fast", "slow"], "default": "fast"}),
        ("GET /echo/{name}", "header:Last-Event-ID", {"type": "string"}),
        (
            "GET /notes",
            "query:limit",
            {"type": "integer", "format": "int64", "minimum": 1, "maximum": 1000, "default": 2},
        ),
        ("GET /notes", "query:total", {"type": "boolean", "default": False}),
        (
            "GET /notes",
            "query:after",
            {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "contentEncoding": "base64url"},
        ),
        (
            "POST /notes",
            "header:Idempotency-Key",
            {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
        ),
    ],
)
def test_a_parameter_has_its_schema(call: str, name: str, expected: dict[str, Any]) -> None:
    assert expected == parameters(call)[name]["schema"]


def test_a_list_of_values_is_repeated() -> None:
    found = parameters("GET /echo/{name}")["query:tag"]
    integer = {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1}
    assert {"type": "array", "items": integer, "maxItems": 3} == found["schema"]
    assert (found["style"], found["explode"]) == ("form", True)


def test_what_has_no_default_is_required() -> None:
    required = [name for name, found in parameters("GET /echo/{name}").items() if found.get("required")]
    assert required == ["path:name"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("POST /notes", {"header:Idempotency-Key"}),
        ("PUT /notes/{note_id}", {"header:Idempotency-Key", "header:If-Match", "header:If-None-Match"}),
        ("DELETE /notes/{note_id}", set[str]()),
        ("GET /notes/{note_id}", {"header:If-Match", "header:If-None-Match"}),
        ("GET /ping", set[str]()),
        ("GET /notes/newest", set[str]()),
    ],
)
def test_conventional_fields_are_named_where_they_are_taken(call: str, expected: set[str]) -> None:
    assert expected == {name for name in parameters(call) if name.startswith("header:")}


def test_a_body_is_required_json() -> None:
    schema = {"schema": {"$ref": "#/components/schemas/NewNote"}}
    assert {"required": True, "content": {"application/json": schema}} == operation("POST /notes")["requestBody"]
    assert "requestBody" not in operation("DELETE /notes/{note_id}")


@pytest.mark.parametrize(
    ("call", "status", "expected"),
    [
        ("GET /ping", 200, {"X-Request-Id"}),
        ("GET /notes", 200, {"X-Request-Id", "Link", "Total-Count"}),
        ("GET /notes/{note_id}", 200, {"X-Request-Id", "ETag"}),
        ("GET /notes/{note_id}", 304, {"X-Request-Id", "ETag"}),
        ("POST /notes", 201, {"X-Request-Id", "ETag", "Location"}),
        ("PUT /notes/{note_id}", 200, {"X-Request-Id", "ETag"}),
        ("DELETE /notes/{note_id}", 204, {"X-Request-Id"}),
    ],
)
def test_a_success_has_its_fields(call: str, status: int, expected: set[str]) -> None:
    assert expected == headers(call, status)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("GET /ping", {200, 400, 403, 408, 414, 431, 500, 503}),
        ("GET /notes/{note_id}", {200, 304, 400, 403, 404, 408, 412, 414, 431, 500, 503}),
        ("POST /notes", {201, 400, 403, 408, 409, 413, 414, 415, 422, 431, 500, 503, 507}),
        ("PUT /notes/{note_id}", {200, 400, 403, 404, 408, 409, 412, 413, 414, 415, 422, 431, 500, 503, 507}),
        ("DELETE /notes/{note_id}", {204, 400, 403, 404, 408, 413, 414, 431, 500, 503, 507}),
    ],
)
def test_every_status_that_can_come_is_named(call: str, expected: set[int]) -> None:
    assert expected == {int(status) for status in operation(call)["responses"]}


def test_every_failure_is_a_problem() -> None:
    shared = DOCUMENT["components"]["responses"]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert [content] * len(shared) == [answer["content"] for answer in shared.values()]
    used = {status for endpoint in EDGE.endpoints for status in failures(endpoint)}
    assert len(used) == len({_reference(status) for status in used} & shared.keys())


def _reference(status: int) -> str:
    for item in [item for methods in PATHS.values() for item in methods.values()]:
        if str(status) in item["responses"]:
            return item["responses"][str(status)]["$ref"].rpartition("/")[2]
    raise AssertionError(status)


@pytest.mark.parametrize(
    ("name", "expected"), [("ServiceUnavailable", True), ("InsufficientStorage", True), ("Conflict", False)]
)
def test_what_passes_tells_when_to_come_again(name: str, expected: bool) -> None:
    assert expected == ("Retry-After" in DOCUMENT["components"]["responses"][name]["headers"])


def test_another_method_is_described_though_it_is_no_operation() -> None:
    assert {"X-Request-Id", "Allow"} == set(DOCUMENT["components"]["responses"]["MethodNotAllowed"]["headers"])
    assert "#/components/responses/MethodNotAllowed" in DOCUMENT["info"]["description"]


def test_raw_replies_have_their_media_type() -> None:
    content = operation("GET /page")["responses"]["200"]["content"]
    assert content == {"text/html": {"schema": {"type": "string"}}}


def test_nothing_has_no_content() -> None:
    assert "content" not in operation("DELETE /notes/{note_id}")["responses"]["204"]


class Many:
    """Two domains that chose the same name, and an operation with two outcomes."""

    first: Operations[None] = Operations("first", "One")
    second: Operations[None] = Operations("second", "Two")


@Many.first.get("/one")
async def same(call: Call[None]) -> str:
    """One."""
    return ""


async def _same(call: Call[None]) -> str: ...


_same.__name__ = "same"
Many.second.get("/two", also={202: "Later", 503: "Not ready"})(_same)
Many.second.get("/hidden", documented=False)(same)


@pytest.fixture(scope="module")
def many() -> dict[str, Any]:
    edge = Edge([(Many.first, None), (Many.second, None)], Events())
    return document([Many.first, Many.second], edge.endpoints, edge.options)


def test_a_name_that_two_domains_chose_gets_the_domains_name(many: dict[str, Any]) -> None:
    found = [many["paths"][path]["get"]["operationId"] for path in ("/one", "/two")]
    assert found == ["first_same", "second_same"]


def test_an_operation_may_be_left_out(many: dict[str, Any]) -> None:
    assert sorted(many["paths"]) == ["/one", "/two"]


def test_another_success_is_described(many: dict[str, Any]) -> None:
    found = many["paths"]["/two"]["get"]["responses"]
    assert (found["200"]["description"], found["202"]["description"]) == ("OK", "Later")
    assert found["202"]["content"] == found["200"]["content"]


def test_a_failure_with_a_body_of_its_own_may_be_either(many: dict[str, Any]) -> None:
    found = many["paths"]["/two"]["get"]["responses"]["503"]
    assert sorted(found["content"]) == ["application/json", "application/problem+json"]


def test_without_a_docstring_the_name_is_the_summary(many: dict[str, Any]) -> None:
    assert many["paths"]["/two"]["get"]["summary"] == "second_same"
