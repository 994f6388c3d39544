"""What an operation can answer, for OpenAPI: each status with its headers and its content."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from roadbed.http.compiler import Endpoint
from roadbed.http.operations import Operation
from roadbed.http.problems import MEDIA_TYPE, STATUS, status_of
from roadbed.http.schemas import REFERENCE, Schema
from roadbed.http.signature import Signature
from roadbed.kernel.errors import Refused, RoadbedError

_PROBLEM = MEDIA_TYPE.decode("ascii")

HEADERS: dict[str, Schema] = {
    "Allow": {"description": "The methods of this path", "schema": {"type": "string"}},
    "X-Request-Id": {"description": "Names this request in logs", "schema": {"type": "string"}},
    "ETag": {"description": "The version, for If-Match and If-None-Match", "schema": {"type": "string"}},
    "Location": {"description": "Where the new resource, or the page, is", "schema": {"type": "string"}},
    "Link": {"description": 'The next page, `rel="next"` (RFC 8288)', "schema": {"type": "string"}},
    "Total-Count": {"description": "The number of all rows, if asked for", "schema": {"type": "string"}},
    "Content-Disposition": {"description": "The name of the file to save it as", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "`true`: the first reply to this key again", "schema": {"const": "true"}},
    "Vary": {"description": "`Accept`: browsers get a page here, or are led to one", "schema": {"type": "string"}},
    "Cache-Status": {
        "description": "What the cache had to do with it (RFC 9211): `roadbed; hit`, `roadbed; fwd=uri-miss; stored` …",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "string"}},
}

_WHY = {
    400: "The request is not valid: `errors` names each fault. Or it is no HTTP/1.1, and `errors` is missing",
    403: "The Host is not served here, or a page of another origin asked",
    404: "There is no such thing",
    405: "The path takes other methods, which `Allow` names",
    408: "The head or the body took too long to arrive",
    409: "The present state does not allow it, or the same Idempotency-Key is in use at this moment",
    410: "It was there once, and is not kept any more",
    412: "The precondition does not hold",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is of another media type",
    422: "The Idempotency-Key came before with other content",
    431: "The head is too large, or has too many fields",
    500: "Something went wrong inside the service",
    503: "Not now: overloaded, too slow, or the outcome is unknown. Try again with the same Idempotency-Key",
    507: "The storage is full; nothing was written",
}
_RETRY = (503, 507)
_SET = {
    "version": "ETag",
    "location": "Location",
    "replayed": "Idempotency-Replayed",
    "vary": "Vary",
    "attachment": "Content-Disposition",
}


def responses(endpoint: Endpoint, schema: Schema | None) -> Schema:
    """Return the responses of an operation; ``schema`` is that of its success."""
    operation = endpoint.operation
    made: dict[str, Schema] = {}
    for status in failures(endpoint):
        made[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    for status, description in {operation.status: "", **operation.also}.items():
        answer = _success(endpoint, status, description or HTTPStatus(status).phrase, schema)
        if str(status) in made:
            # A failure that has a body of its own beside the problem (the report of a service that is not ready).
            answer["content"][_PROBLEM] = _problem_content()
        made[str(status)] = answer
    if is_versioned(endpoint):
        known = _headers("X-Request-Id", "ETag", *_cached(operation))
        made["304"] = {"description": "The version is among those of If-None-Match", "headers": known}
    if endpoint.has_lead:
        made["302"] = {
            "description": "Browsers, whose `Accept` prefers HTML, are led to a page",
            "headers": _headers("X-Request-Id", "Location", "Vary"),
            "content": {"text/plain": {}},
        }
    return dict(sorted(made.items()))


def failures(endpoint: Endpoint) -> list[int]:
    """Return every status in which an operation can fail."""
    operation = endpoint.operation
    # What the connection says before there is an operation is an answer to a call of one all the same.
    statuses = {400, 403, 408, 414, 431, 500, 503}
    statuses.update(status_of(kind) for kind in operation.raises)
    if is_versioned(endpoint):
        statuses.add(412)
    if endpoint.unsafe:
        statuses.update((413, 507))
        if operation.idempotent:
            statuses.update((409, 422))
        if operation.conditional:
            statuses.add(412)
        if endpoint.signature.has_body:
            statuses.add(415)
    return sorted(statuses)


def is_versioned(endpoint: Endpoint) -> bool:
    """Tell whether a read carries an ETag."""
    return not endpoint.unsafe and "version" in endpoint.signature.sets


def problem_components() -> dict[str, Schema]:
    """Return the responses that operations share: one per status of failure."""
    statuses = sorted({status for kind, status in STATUS.items() if kind not in (RoadbedError, Refused)} | {500})
    return {_name(status): _problem(status) for status in statuses if status in _WHY}


def _problem(status: int) -> Schema:
    more = ("Allow",) if status == HTTPStatus.METHOD_NOT_ALLOWED else ("Retry-After",) if status in _RETRY else ()
    headers = _headers("X-Request-Id", *more)
    return {"description": _WHY[status], "headers": headers, "content": {_PROBLEM: _problem_content()}}


def _problem_content() -> Schema:
    return {"schema": {"$ref": REFERENCE.format(name="Problem")}}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "")


def _success(endpoint: Endpoint, status: int, description: str, schema: Schema | None) -> Schema:
    operation, signature = endpoint.operation, endpoint.signature
    names = ["X-Request-Id"]
    if signature.row is not None:
        names += ["Link", "Total-Count"]
    names += [name for field, name in _SET.items() if field in signature.sets]
    names += _cached(operation)
    made: Schema = {"description": description, "headers": _headers(*names)}
    if status != 204:
        made |= _content(operation, signature, schema)
    return made


def _cached(operation: Operation) -> tuple[str, ...]:
    return ("Cache-Status",) if operation.cache else ()


def _content(operation: Operation, signature: Signature, schema: Schema | None) -> Schema:
    content: dict[str, Schema] = {}
    if signature.is_raw or signature.may_be_raw:
        names = (operation.produces,) if isinstance(operation.produces, str) else operation.produces
        content = {name: {"schema": {"type": "string"}} if name.startswith("text/") else {} for name in names}
    if schema is not None and not signature.is_raw:
        content["application/json"] = {"schema": schema} if schema else {}
    return {"content": content} if content else {}


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
