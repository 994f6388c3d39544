"""The OpenAPI 3.1 document, from the same declarations and types as the compiled operations.

It says exactly what happens: every bound that is checked, every header that may come, every problem that a call can end
in. A call of a method or a path that is not there (405, 404) is a call of no operation: the description tells of it.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from roadbed.http import answers
from roadbed.http.compiler import Endpoint
from roadbed.http.idempotency import KEY_PATTERN
from roadbed.http.limits import MAX_KEY, HttpOptions
from roadbed.http.operations import Operations
from roadbed.http.parameters import REQUIRED, Parameter
from roadbed.http.preconditions import TAGS_PATTERN
from roadbed.http.problems import Problem
from roadbed.http.schemas import Schema, Schemas, schema_of, without_null

VERSION = "3.1.0"

_PAGING_HELP = {
    "limit": "How many rows to return at most",
    "after": "Where to go on: the cursor in the `Link` of the page before. It is opaque",
    "total": "Whether to count all rows, in `Total-Count`",
}


def document(groups: Sequence[Operations[Any]], endpoints: Sequence[Endpoint], options: HttpOptions) -> Schema:
    """Return the document as plain values."""
    documented = [endpoint for endpoint in endpoints if endpoint.operation.documented]
    schemas = Schemas([*dict.fromkeys(kind for endpoint in documented for kind in _kinds(endpoint)), Problem])
    names = _operation_ids(documented)
    paths: dict[str, Schema] = {}
    for endpoint, name in zip(documented, names, strict=True):
        item = paths.setdefault(endpoint.route, {})
        item[endpoint.operation.method.lower()] = _operation(endpoint, name, schemas)
    tags = {endpoint.operation.group for endpoint in documented}
    return {
        "openapi": VERSION,
        "info": {"title": options.title, "version": options.version, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": group.name, "description": group.title} for group in groups if group.name in tags],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": answers.problem_components(),
            "headers": answers.HEADERS,
        },
    }


def encode(description: Schema) -> bytes:
    """Return the document as JSON text."""
    return msgspec.json.encode(description)


# More of a cursor cannot be said: which texts are some is known to those alone who got them in a Link.
_CURSOR: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "contentEncoding": "base64url"}

_FORM = "application/x-www-form-urlencoded"

_TEXT: Schema = {"schema": {"type": "string"}}

_KEY = (
    "Makes a retry safe: choose a new one for each new intent. It counts for this method and path, for 24 hours after "
    "success, and stands for the body byte for byte, the query, If-Match and If-None-Match"
)

_DESCRIPTION = (
    "Failures are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problems, `application/problem+json`; their "
    "`instance` is the `X-Request-Id` of the reply. JSON is read strictly: a float is no integer (nor is `1.0`), and a "
    "name that is unknown, or comes twice in one object, is refused. Unsafe calls take an `Idempotency-Key`: the same "
    'call again, within 24 hours, gets the first reply again. Lists are paged: follow `Link: rel="next"`. '
    "Whatever answers GET answers HEAD; other methods than those of a path are 405 with `Allow` "
    "(`#/components/responses/MethodNotAllowed`), other paths 404. "
    "A reply repeats the `traceparent` ([W3C Trace Context](https://www.w3.org/TR/trace-context/)) of its request."
)


def _kinds(endpoint: Endpoint) -> list[Any]:
    signature = endpoint.signature
    kinds = [signature.body] if signature.has_body and (signature.body or not signature.is_streamed) else []
    if signature.row is not None:
        kinds.append(list[signature.row])
        if signature.single is not None:
            kinds.append(signature.single)
    elif not signature.is_raw and signature.returns is not type(None):
        kinds.append(signature.returns)
    return kinds


def _operation_ids(endpoints: Sequence[Endpoint]) -> list[str]:
    # The function's name, unless two domains chose the same one.
    names = [endpoint.operation.function.__name__ for endpoint in endpoints]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else f"{endpoint.operation.group}_{name}"
        for name, endpoint in zip(names, endpoints, strict=True)
    ]


def _operation(endpoint: Endpoint, name: str, schemas: Schemas) -> Schema:
    operation, signature = endpoint.operation, endpoint.signature
    summary, _, description = (inspect.getdoc(operation.function) or name).partition("\n\n")
    made: Schema = {
        "operationId": name,
        "tags": [operation.group],
        "summary": summary.replace("\n", " ").rstrip("."),
    }
    if description:
        made["description"] = description
    parameters = [_parameter(parameter) for parameter in endpoint.parameters] + _conventional(endpoint)
    if parameters:
        made["parameters"] = parameters
    if signature.has_body:
        made["requestBody"] = {"required": True, "content": _request(endpoint, schemas)}
    made["responses"] = answers.responses(endpoint, _success_schema(endpoint, schemas))
    return made


def _request(endpoint: Endpoint, schemas: Schemas) -> Schema:
    operation, signature = endpoint.operation, endpoint.signature
    if not signature.is_streamed:
        schema = schemas.of(signature.body)
        # JSON under the name of a form, as curl sends it, is taken and not described: a form is what tools would send.
        return {kind: {"schema": schema} for kind in operation.consumes if kind != _FORM}
    # What comes in parts is read by its operation: only of JSON is more known than that it is text.
    json = {"schema": schemas.of(signature.body)} if signature.body is not None else {}
    is_json = {kind: kind.endswith("json") and not kind.endswith("ndjson") for kind in operation.consumes}
    return {kind: json if is_json[kind] else _TEXT for kind in operation.consumes}


def _success_schema(endpoint: Endpoint, schemas: Schemas) -> Schema | None:
    signature = endpoint.signature
    if signature.is_raw:
        return None
    if signature.returns is type(None):
        return None
    if signature.row is None:
        return schemas.of(signature.returns)
    listed = schemas.of(list[signature.row])
    return listed if signature.single is None else {"anyOf": [schemas.of(signature.single), listed]}


def _parameter(parameter: Parameter) -> Schema:
    is_cursor = parameter.argument == "page:after"
    schema = dict(_CURSOR) if is_cursor else without_null(schema_of(parameter.annotation))
    description = schema.pop("description", None) or _PAGING_HELP.get(parameter.name)
    if parameter.default is not REQUIRED and parameter.default is not None:
        schema["default"] = msgspec.to_builtins(parameter.default)
    made: Schema = {"name": parameter.name, "in": parameter.place, "schema": schema}
    if description and (parameter.argument.startswith("page:") or parameter.name not in _PAGING_HELP):
        made["description"] = description
    if parameter.default is REQUIRED:
        made["required"] = True
    if parameter.many:
        made["style"], made["explode"] = "form", True
    return made


def _conventional(endpoint: Endpoint) -> list[Schema]:
    """Return the header fields that an operation takes by convention."""
    operation = endpoint.operation
    made: list[Schema] = []
    if endpoint.unsafe and operation.idempotent:
        key = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": KEY_PATTERN}
        made.append(_header("Idempotency-Key", _KEY, key))
    tags = {"type": "string", "pattern": TAGS_PATTERN}
    if operation.conditional:
        made.append(_header("If-Match", "Write only over one of these versions", tags))
        made.append(_header("If-None-Match", "`*`: write only where there is nothing yet", tags))
    elif answers.is_versioned(endpoint):
        made.append(_header("If-Match", "Answer 412 unless the version is one of these", tags))
        made.append(_header("If-None-Match", "Answer 304 if the version is one of these", tags))
    return made


def _header(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "description": description, "schema": schema}
