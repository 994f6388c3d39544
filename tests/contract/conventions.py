"""What holds for every reply of the service, whatever was asked: header fields, and the shape of a failure."""

import re
from collections.abc import Sequence

import msgspec

from tests.contract.wire import Reply

PROBLEM = "application/problem+json"

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

KINDS = {
    400: "invalid",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    412: "precondition-failed",
    413: "too-large",
    415: "unsupported-media-type",
    422: "idempotency-key-reused",
}
"""The kind of problem that a status has where a scenario names no other."""

INTERNAL = re.compile(
    r"Traceback|\bFile \"|\.py\b|\bline \d+|\b(?:SELECT|INTO|FROM|WHERE|COMMIT)\b|[Cc]onstraint|sqlite|apsw"
    r"|asyncpg|postgres|msgspec|uvicorn|httptools|starlette|\broadbed\.|/src/|/data/|\b0x[0-9a-f]{6}|Error\b|Exception"
)
"""What a caller must never be told: where and why inside the service something went wrong."""

HARMLESS_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Fault(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One entry of ``errors``."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of every failure (RFC 9457), exactly."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Fault] = []
    trace_id: str = ""


def check_reply(reply: Reply, method: str) -> None:
    """Check what every reply has."""
    names = [name for name, _ in reply.headers]
    assert sorted(set(names)) == sorted(names), "a header field came twice"
    assert {name: reply.header(name) for name in ALWAYS} == ALWAYS
    assert HARMLESS_ID.fullmatch(reply.header("x-request-id") or "")
    assert reply.header("content-security-policy")
    assert reply.header("cache-control") in ("no-store", "no-cache")
    assert reply.header("date")
    assert reply.header("server") is None
    assert [name for name in names if name.startswith(("access-control-", "x-powered"))] == []
    if reply.status in (204, 304):
        assert reply.header("content-type") is None
    else:
        assert reply.header("content-type")
    if reply.status >= 400:
        assert reply.header("content-type") == PROBLEM
        assert reply.header("content-security-policy") == API_POLICY
        assert reply.header("cache-control") == "no-store"
        if method != "HEAD":
            check_problem(reply)


def check_problem(reply: Reply, kind: str = "", faults: Sequence[str] | None = None) -> None:
    """Check the body of a failure; with a kind, with faults given, that it is exactly that failure."""
    problem = msgspec.json.decode(reply.body, type=Problem)
    assert reply.status == problem.status
    assert reply.header("x-request-id") == problem.instance
    assert problem.type.startswith("urn:roadbed:problem:")
    assert problem.title
    assert problem.detail
    assert [fault for fault in problem.errors if not fault.detail] == []
    assert len(problem.errors) <= 20
    told = f"{problem.title} {problem.detail} {' '.join(fault.detail for fault in problem.errors)}"
    assert INTERNAL.findall(told) == []
    if kind:
        assert f"urn:roadbed:problem:{kind}" == problem.type
    if faults is not None:
        assert sorted(faults) == sorted(fault.pointer for fault in problem.errors)
