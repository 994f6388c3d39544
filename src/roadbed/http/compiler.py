"""The compiler: each declared operation becomes one async function over a call, once, at start.

What can be known at start is decided here: which steps an operation has at all (a GET without parameters is its
handler and one encode), how each text is read, what decodes and what encodes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from roadbed.http.accepting import prefers_html
from roadbed.http.asgi import Header, Receive
from roadbed.http.binding import Bind, make_binder, refuse_unknown, split_query
from roadbed.http.bodies import JsonBody, MediaTypes, has_body, read_body
from roadbed.http.caching import ResponseCache
from roadbed.http.call import Call
from roadbed.http.finishing import Finish, make_finish
from roadbed.http.idempotency import fingerprint_call, read_key
from roadbed.http.incoming import Stream
from roadbed.http.limits import MAX_PAGE, HttpOptions
from roadbed.http.operations import Operation, Operations
from roadbed.http.paging import CursorCodec, Page
from roadbed.http.parameters import Parameter, read_boolean, read_text, reader_of
from roadbed.http.preconditions import read_tags
from roadbed.http.problems import is_unsafe
from roadbed.http.signature import Signature, read_signature
from roadbed.kernel.errors import ConfigurationError, Fault, Invalid

Answer = Callable[[Call[Any], Sequence[str], Receive], Awaitable[bytes]]
"""Runs one call, with the segments that its path's parameters matched; returns the body of the reply."""

Bound = Callable[[Call[Any], Sequence[str], list[Fault]], dict[str, Any]]

PageLimit = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]

VARY: Header = (b"vary", b"Accept")

_LIMIT, _AFTER, _TOTAL = "page:limit", "page:after", "page:total"


class Endpoint(NamedTuple):
    """One operation, compiled. A tuple, for it is taken apart on every request."""

    answer: Answer
    route: str
    service: Any
    status: int
    unsafe: bool
    operation: Operation
    signature: Signature
    parameters: tuple[Parameter, ...]
    has_page: bool = False
    """Whether browsers get a page here already."""
    has_lead: bool = False
    """Whether browsers are led to a page from here."""


def compile_groups(
    groups: Sequence[tuple[Operations[Any], Any]], options: HttpOptions, cache: ResponseCache | None = None
) -> list[Endpoint]:
    """Compile all operations of all groups, each over its service.

    Raises:
        ConfigurationError: something is wrong with a declaration; ``problems`` has all that is wrong with any.
    """
    problems: list[str] = []
    endpoints: list[Endpoint] = []
    claimed: dict[tuple[str, str, bool], Operation] = {}
    for group, service in groups:
        for operation in group.declared:
            shape = (operation.method, _shape(operation.path), operation.page)
            first = claimed.setdefault(shape, operation)
            if first is not operation:
                problems.append(f"{operation.where}: the path is taken by {first.where}")
            signature = read_signature(operation, problems)
            if signature is not None:
                endpoints.append(_compile(operation, signature, service, options, cache))
    if problems:
        raise ConfigurationError("Some operations are declared wrongly: " + "; ".join(problems), problems)
    return _with_pages(endpoints)


def _with_pages(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return the endpoints; a page whose path another one has too is answered through that, by ``Accept``."""
    others = {_shape(each.operation.path) for each in endpoints if _may_have_page(each)}
    pages = {_shape(each.operation.path): each for each in endpoints if each.operation.page}
    paired = pages.keys() & others
    made: list[Endpoint] = []
    for each in endpoints:
        shape = _shape(each.operation.path)
        if shape in paired and _may_have_page(each):
            made.append(by_accept(each, pages[shape]))
        elif not (shape in paired and each.operation.page):
            made.append(each)
    return made


def _may_have_page(endpoint: Endpoint) -> bool:
    return endpoint.operation.method == "GET" and not endpoint.operation.page


def by_accept(endpoint: Endpoint, page: Endpoint) -> Endpoint:
    """Return an endpoint that answers as ``page`` where ``Accept`` prefers HTML, and says that it looks at that."""
    others, for_people = endpoint.answer, page.answer

    async def answer(call: Call[Any], segments: Sequence[str], receive: Receive) -> bytes:
        call.extra = [VARY]
        accept = call.fields.get(b"accept")
        # Programs ask for JSON or for anything: no more than this look is spent on them.
        if accept is None or b"text/" not in accept.lower() or not prefers_html(accept.decode("latin-1")):
            return await others(call, segments, receive)
        call.service, call.status = page.service, page.status
        return await for_people(call, segments, receive)

    told = msgspec.structs.replace(endpoint.signature, sets=endpoint.signature.sets | {"vary"})
    return endpoint._replace(answer=answer, signature=told, has_page=True)


def _shape(path: str) -> str:
    """Return a template with the names of its parameters left out: two that differ only there match the same paths."""
    return "/".join(_anonymous(segment) for segment in path.split("/"))


def _anonymous(segment: str) -> str:
    if not segment.startswith("{"):
        return segment
    return "{:path}" if segment.endswith(":path}") else "{}"


def _compile(
    operation: Operation, signature: Signature, service: Any, options: HttpOptions, cache: ResponseCache | None
) -> Endpoint:
    paging = _paging_parameters(operation, signature)
    parameters = (*signature.parameters, *paging)
    bind = _with_page(make_binder(parameters, ignoring=operation.page), signature)
    finish = make_finish(operation, signature)
    unsafe = is_unsafe(operation.method)
    if not unsafe:
        answer = _safe(operation, bind, finish)
        if cache is not None and operation.cache:
            answer = cache.wrap(answer, operation.cache, operation.where)
    elif signature.is_streamed:
        answer = _streamed(operation, bind, finish, options)
    else:
        answer = _unsafe(operation, signature, bind, finish, options)
    return Endpoint(
        answer,
        operation.path.replace(":path}", "}"),
        service,
        operation.status,
        unsafe,
        operation,
        signature,
        parameters,
    )


def _paging_parameters(operation: Operation, signature: Signature) -> tuple[Parameter, ...]:
    if signature.page_argument is None:
        return ()
    codec: CursorCodec[Any] = CursorCodec(signature.cursor)
    limit = reader_of(PageLimit)
    assert limit is not None  # noqa: S101 - for the type checker: an int has a reader
    return (
        Parameter("limit", "query", _LIMIT, PageLimit, limit, operation.limit),
        Parameter("after", "query", _AFTER, str, lambda text: codec.read(read_text(text)), None),
        Parameter("total", "query", _TOTAL, bool, read_boolean, default=False),
    )


def _with_page(bind: Bind | None, signature: Signature) -> Bound | None:
    if bind is None:
        return None
    page_argument = signature.page_argument

    def bind_call(call: Call[Any], segments: Sequence[str], faults: list[Fault]) -> dict[str, Any]:
        arguments = bind(segments, call.query, call.fields, faults)
        if page_argument is not None and not faults:
            arguments[page_argument] = Page(arguments.pop(_LIMIT), arguments.pop(_AFTER), arguments.pop(_TOTAL))
        return arguments

    return bind_call


def _no_parameters(call: Call[Any], _segments: Sequence[str], faults: list[Fault]) -> dict[str, Any]:
    if call.query:
        refuse_unknown(split_query(call.query, faults), {}, faults)
    return {}


def _safe(operation: Operation, bind: Bound | None, finish: Finish) -> Answer:
    function = operation.function
    if bind is None:

        async def answer_plain(call: Call[Any], _segments: Sequence[str], _receive: Receive) -> bytes:
            if call.query and not operation.page:
                faults: list[Fault] = []
                _no_parameters(call, (), faults)
                if faults:
                    raise Invalid(faults=faults)
            return finish(call, await function(call))

        return answer_plain

    async def answer(call: Call[Any], segments: Sequence[str], _receive: Receive) -> bytes:
        faults: list[Fault] = []
        arguments = bind(call, segments, faults)
        if faults:
            raise Invalid(faults=faults)
        return finish(call, await function(call, **arguments))

    return answer


def _unsafe(
    operation: Operation, signature: Signature, bind: Bound | None, finish: Finish, options: HttpOptions
) -> Answer:
    function = operation.function
    limit = options.body_limit if operation.body_limit is None else operation.body_limit
    media = MediaTypes(tuple(operation.consumes))
    decode = JsonBody(signature.body).decode if signature.has_body else None
    bind_call = bind or _no_parameters
    refused = [] if operation.idempotent else ["Idempotency-Key"]
    refused += [] if operation.conditional else ["If-Match", "If-None-Match"]

    async def answer(call: Call[Any], segments: Sequence[str], receive: Receive) -> bytes:
        fields = call.fields
        if decode is not None:
            media.check(fields)
        faults: list[Fault] = []
        arguments = bind_call(call, segments, faults)
        raw = b""
        if decode is not None:
            raw = await read_body(call, receive, limit)
            arguments["body"] = decode(raw, faults)
        elif has_body(fields) and await read_body(call, receive, limit):
            faults.append(Fault("", "This operation takes no body"))
        if b"idempotency-key" in fields or b"if-match" in fields or b"if-none-match" in fields:
            _read_guards(refused, call, raw, faults)
        if faults:
            raise Invalid(faults=faults)
        return finish(call, await function(call, **arguments))

    return answer


def _streamed(operation: Operation, bind: Bound | None, finish: Finish, options: HttpOptions) -> Answer:
    function = operation.function
    limit = options.body_limit if operation.body_limit is None else operation.body_limit
    media = MediaTypes(tuple(operation.consumes))
    bind_call = bind or _no_parameters
    refused = ["Idempotency-Key"] + ([] if operation.conditional else ["If-Match", "If-None-Match"])

    async def answer(call: Call[Any], segments: Sequence[str], receive: Receive) -> bytes:
        media.check(call.fields)
        faults: list[Fault] = []
        arguments = bind_call(call, segments, faults)
        _read_guards(refused, call, b"", faults)
        if faults:
            raise Invalid(faults=faults)
        body: Stream[Any] = Stream(call, receive, limit)
        return finish(call, await function(call, body=body, **arguments))

    return answer


def _read_guards(refused: Sequence[str], call: Call[Any], raw: bytes, faults: list[Fault]) -> None:
    """Read what makes a write safe: its key and its preconditions. ``refused`` are those that it does not take."""
    fields = call.fields
    # To ignore one would be to lose an update, or to promise a safety that is not there.
    given = [name for name in refused if name.lower().encode("ascii") in fields]
    faults.extend(Fault(f"header:{name}", "This operation does not take this field") for name in given)
    if given:
        return
    try:
        if b"idempotency-key" in fields:
            key = read_key(fields[b"idempotency-key"])
            call.idempotency = fingerprint_call(key, call.method, call.path, raw, call.query, fields)
        if b"if-match" in fields:
            call.if_match = read_tags(fields[b"if-match"].decode("latin-1"), "If-Match", weak=False)
        if b"if-none-match" in fields:
            call.if_none_match = read_tags(fields[b"if-none-match"].decode("latin-1"), "If-None-Match", weak=True)
    except Invalid as error:
        faults.extend(error.faults)
