"""The one schema of all log lines for machines: what fields there are, and how a line is made and kept short.

``docs/reference/logs.schema.json`` is written from these structs, and a test holds every line of a real service to it.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from msgspec import Meta

from roadbed.kernel.settings import Settings

LONGEST = 16_000
"""Bytes of a line, at most. Docker and Kubernetes cut at 16 KiB what they hand on; CloudWatch takes 256 KiB."""

Level = Literal["debug", "info", "warning", "error", "critical"]

_CUTS = (2_000, 400, 60)
"""Characters that a text keeps in a line that would be too long: the first of these with which it fits."""

_TRACEBACK = 4
"""A traceback may be so many times as long as other texts."""

_ITEMS = 20
"""Entries that a list keeps in a line that would be too long."""


class Origin(msgspec.Struct, frozen=True):
    """What says where a line comes from: the names that Datadog calls unified service tagging."""

    service: str
    env: str
    version: str

    @classmethod
    def of(cls, settings: Settings) -> Origin:
        """Return the origin of a process with these settings."""
        import roadbed

        return cls(settings.service_name, settings.environment, roadbed.__version__)


class Raised(msgspec.Struct, frozen=True):
    """An error: its type, its words, and its traceback with all of its causes."""

    type: Annotated[str, Meta(description="Module and class.")]
    message: Annotated[str, Meta(description="Its words.")]
    traceback: Annotated[str, Meta(description="As Python prints it, its causes too; line breaks are escaped.")]


_Time = Annotated[str, Meta(description="RFC 3339, UTC.", extra_json_schema={"format": "date-time"})]
_Service = Annotated[str, Meta(description="The setting `service_name`.")]
_Env = Annotated[str, Meta(description="The setting `environment`.")]
_Version = Annotated[str, Meta(description="Roadbed's version.")]
_RequestId = Annotated[str, Meta(description="`X-Request-Id` of the reply, and `instance` of its problem.")]
_Route = Annotated[str, Meta(description="The route's template; empty where none matched.")]
_TraceId = Annotated[str, Meta(description="The trace that it belongs to: 32 hexadecimal digits (W3C Trace Context).")]
_SpanId = Annotated[str, Meta(description="The span within that trace: 16 hexadecimal digits.")]


class AccessLine(msgspec.Struct, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """One request, answered or left by its client. No query string and no header: both may hold secrets."""

    time: _Time
    level: Annotated[Literal["info", "error"], Meta(description="`error` from status 500 on.")]
    event: Literal["request"]
    service: _Service
    env: _Env
    version: _Version
    request_id: _RequestId
    method: str
    route: _Route
    path: Annotated[str, Meta(description="The path as it came, cut after 512 characters.")]
    status: Annotated[int, Meta(description="HTTP status; 499: the client had left.")]
    duration_ms: Annotated[float, Meta(description="Milliseconds until the reply was handed to the connection.")]
    client: Annotated[str, Meta(description="The client's address.")]
    size: Annotated[int, Meta(description="Bytes of the reply's body.")]
    problem: Annotated[str, Meta(description="Kind of the failure, as in docs/reference/problems.md.")] = ""
    trace_id: _TraceId = ""
    cache: Annotated[str, Meta(description="`hit`, `shared`, `miss`, `collapsed` or `bypass`.")] = ""
    span_id: _SpanId = ""


class EventLine(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Anything else that happened, told by the service or by a library of it."""

    time: _Time
    level: Level
    event: Annotated[str, Meta(description="What happened, in words that do not change with the details.")]
    service: _Service
    env: _Env
    version: _Version
    logger: Annotated[str, Meta(description="The library's logger, where a library said it.")] = ""
    request_id: _RequestId = ""
    method: str = ""
    route: _Route = ""
    trace_id: _TraceId = ""
    span_id: _SpanId = ""
    exception: Annotated[Raised | None, Meta(description="The error with its traceback.")] = None
    error: Annotated[str, Meta(description="An error in one line, where its traceback tells nothing.")] = ""
    suppressed: Annotated[int, Meta(description="Lines of this kind that were held back since the last one.")] = 0
    count: Annotated[int, Meta(description="How many lines, or spans, were dropped.")] = 0
    process: Annotated[int, Meta(description="Id of the process that it is about.")] = 0
    exit_code: Annotated[int | None, Meta(description="With which a process ended.")] = None
    successor: Annotated[int, Meta(description="Id of the process that takes another one's place.")] = 0
    domains: Annotated[list[str], Meta(description="Names of the domains that are served.")] = []
    engine: Annotated[str, Meta(description="`sqlite` or `postgres`.")] = ""
    dialect: Annotated[str, Meta(description="Likewise, of an error.")] = ""
    kind: Annotated[str, Meta(description="What failed: `connection`, `timeout`, `full`, `io` …")] = ""
    flight: Annotated[str, Meta(description="Name of the flight.")] = ""
    size: Annotated[int, Meta(description="Requests in that flight.")] = 0
    code: Annotated[str, Meta(description="SQLSTATE.")] = ""
    queue: Annotated[str, Meta(description="The queue that was full.")] = ""
    job: Annotated[str, Meta(description="The periodic job.")] = ""
    reason: Annotated[str, Meta(description="Why something was not done.")] = ""
    detail: Annotated[str, Meta(description="What else there is to say, for people.")] = ""
    problems: Annotated[list[str], Meta(description="All that is wrong with the configuration.")] = []
    in_flight: Annotated[int, Meta(description="Requests that a stop waits for.")] = 0
    drain_timeout_s: Annotated[float, Meta(description="For how long it does, in seconds.")] = 0.0
    patience_s: Annotated[float, Meta(description="For how long a start waits, in seconds.")] = 0.0
    left_out: Annotated[int, Meta(description="Figures that were not written.")] = 0
    url: Annotated[str, Meta(description="Where the service listens.")] = ""
    data: Annotated[str, Meta(description="The database, without its password.")] = ""
    workers: Annotated[int, Meta(description="Processes that serve.")] = 0
    migrated: Annotated[list[str], Meta(description="Revisions that ran.")] = []
    samples: Annotated[str, Meta(description="What came of sample data.")] = ""
    fields: Annotated[dict[str, Any], Meta(description="What a domain of yours, or a library, said besides.")] = {}
    truncated: Annotated[bool, Meta(description="Whether texts were cut, to keep the line short.")] = False


def raised(error: BaseException) -> Raised:
    """Return an error as a field of a line."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return Raised(name, _words(error), "".join(traceback.format_exception(error)).rstrip())


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - an error that cannot say what it is must not hide that it happened
        return f"(unreadable: {type(second).__name__})"


def event_line(level: str, event: str, origin: Origin, fields: Mapping[str, Any]) -> bytes:
    """Return a line, without its line break. Fields that the schema does not know, or of another type, are nested."""
    told: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": level,
        "event": event,
        "service": origin.service,
        "env": origin.env,
        "version": origin.version,
    }
    beside: dict[str, Any] = {}
    for name, value in fields.items():
        kinds = _KINDS.get(name)
        # True is an int to Python, and none to JSON.
        if kinds is None or not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            beside[name] = value
        else:
            told[name] = _texts(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else value
    if beside:
        told["fields"] = beside
    line = _encoded(told)
    return line if len(line) <= LONGEST else _shortened(told)


def _texts(values: Sequence[Any]) -> list[str]:
    return [str(each) for each in values]


_encode = msgspec.json.Encoder(enc_hook=str).encode


def _encoded(told: dict[str, Any]) -> bytes:
    try:
        return _encode(told)
    except Exception as error:  # noqa: BLE001 - what cannot be written (half a surrogate, say) must not hide the rest
        beside = {"fields": {"unreadable": type(error).__name__}} if "fields" in told else {}
        return _encode({name: _clean(value) for name, value in (told | beside).items()})


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, list):
        return [_clean(each) for each in cast("list[Any]", value)]
    if isinstance(value, Raised):
        return Raised(_clean(value.type), _clean(value.message), _clean(value.traceback))
    return value


def _shortened(told: dict[str, Any]) -> bytes:
    if "fields" in told:
        told = told | {"fields": {"left_out": [str(name)[:100] for name in told["fields"]][:_ITEMS]}}
    line = b""
    for most in _CUTS:
        line = _encoded({name: _cut(value, most) for name, value in told.items()} | {"truncated": True})
        if len(line) <= LONGEST:
            break
    return line


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[: most // 3]} … {value[-2 * most // 3 :]}"
    if isinstance(value, list):
        return [_cut(each, most) for each in cast("list[Any]", value)[:_ITEMS]]
    if isinstance(value, Raised):
        return Raised(value.type[:most], _cut(value.message, most), _cut(value.traceback, _TRACEBACK * most))
    return value


def _kinds() -> Mapping[str, type | tuple[type, ...]]:
    """Return by name the Python types that the schema takes, of those fields that may be given."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(EventLine):
        if field.required or field.name in {"fields", "truncated"}:
            continue
        if field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = (list, tuple)
        else:
            found[field.name] = (int, float) if isinstance(field.default, float) else type(field.default)
    return found | {"exception": Raised, "exit_code": int}


_KINDS = _kinds()
