"""A handler's signature: which parameter comes from where, and everything that is wrong with the declaration."""

from __future__ import annotations

import inspect
import re
import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.incoming import Stream
from roadbed.http.limits import MAX_PAGE
from roadbed.http.operations import Operation
from roadbed.http.paging import Page
from roadbed.http.parameters import REQUIRED, Header, Parameter, Query, list_item, reader_of
from roadbed.http.problems import is_unsafe
from roadbed.http.reply import Reply
from roadbed.http.shapes import structs_of

_TEMPLATE = re.compile(r"/|(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*(?::path)?\}))+/?\Z")
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)(?::path)?\}")
_PAGING = ("limit", "after", "total")
_REPLY_FIELDS = frozenset({"version", "location", "replayed", "attachment"})


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler takes and gives. ``row`` is the type of a list's rows where it returns a ``Listing``, ``single``
    what it returns instead of one at other times.

    ``is_streamed``: the body is a ``Stream``, of ``body`` where that is said. ``is_raw``: it returns a ``Reply``,
    ``may_be_raw``: at times.

    ``sets`` are the fields of the reply that its code names (``version``, ``location``, ``replayed``,
    ``attachment``; ``vary`` where a page has the same path): OpenAPI then promises an ETag where one comes, and
    nowhere else.
    """

    parameters: tuple[Parameter, ...]
    body: Any = None
    has_body: bool = False
    is_streamed: bool = False
    page_argument: str | None = None
    cursor: Any = None
    returns: Any = None
    row: Any = None
    single: Any = None
    is_raw: bool = False
    may_be_raw: bool = False
    sets: frozenset[str] = frozenset()


def template_names(path: str) -> list[str]:
    """Return the names of the parameters in a path's template, in order."""
    return _NAME.findall(path)


def read_signature(operation: Operation, problems: list[str]) -> Signature | None:
    """Read one declaration; what is wrong with it is appended to ``problems``."""
    found = _Reading(operation, problems)
    before = len(problems)
    signature = found.read()
    return signature if len(problems) == before else None


class _Reading:
    def __init__(self, operation: Operation, problems: list[str]) -> None:
        self.operation = operation
        self.problems = problems
        self.names = template_names(operation.path)
        self.parameters: list[Parameter] = []
        self.taken: set[tuple[str, str]] = set()
        self.has_body = self.is_streamed = False
        self.body: Any = None
        self.page: str | None = None
        self.cursor: Any = None

    def complain(self, text: str) -> None:
        self.problems.append(f"{self.operation.where}: {text}")

    def read(self) -> Signature | None:
        operation = self.operation
        if not inspect.iscoroutinefunction(operation.function):
            self.complain("a handler is an `async def`")
            return None
        try:
            hints = get_type_hints(operation.function, include_extras=True)
        except Exception as error:  # noqa: BLE001 - whatever an annotation raises is a mistake in the declaration
            self.complain(f"its annotations cannot be read: {error}")
            return None
        declared = list(inspect.signature(operation.function).parameters.values())
        self._check_options()
        if not declared or bare_origin(hints.get(declared[0].name)) is not Call:
            self.complain("the first parameter is the call: `call: Call[Service]`")
            return None
        for parameter in declared[1:]:
            self._read_parameter(parameter, hints)
        self._check_paths()
        return self._conclude(operation.returns or hints.get("return", REQUIRED))

    def _read_parameter(self, parameter: inspect.Parameter, hints: dict[str, Any]) -> None:
        name = parameter.name
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            self.complain(f"`*{name}`: every parameter has a name of its own")
            return
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            self.complain(f"`{name}` is handed over by name and cannot be positional-only")
            return
        if name not in hints:
            self.complain(f"`{name}` has no type")
            return
        annotation = hints[name]
        default = REQUIRED if parameter.default is inspect.Parameter.empty else parameter.default
        if name == "body":
            self._read_body(annotation, default)
        elif get_origin(annotation) is Page:
            self.page, self.cursor = name, get_args(annotation)[0]
        else:
            self._read_scalar(name, annotation, default)

    def _read_body(self, annotation: Any, default: Any) -> None:
        if not is_unsafe(self.operation.method):
            self.complain("a GET reads no body")
        if default is not REQUIRED:
            self.complain("a body has no default")
        if bare_origin(annotation) is Stream:
            self._read_stream(annotation)
            return
        try:
            msgspec.json.Decoder(annotation)
        except TypeError as error:
            self.complain(f"its body cannot be decoded: {error}")
            return
        for struct in structs_of(annotation):
            if not struct.__struct_config__.forbid_unknown_fields:
                self.complain(f"its body takes unknown fields: {struct.__name__} needs forbid_unknown_fields=True")
        self.has_body, self.body = True, annotation

    def _read_stream(self, annotation: Any) -> None:
        if self.operation.idempotent:
            self.complain("a streamed body has no fingerprint: idempotent=False")
        self.has_body = self.is_streamed = True
        self.body = next(iter(get_args(annotation)), None)

    def _read_scalar(self, name: str, annotation: Any, default: Any) -> None:
        mark = mark_of(annotation)
        item = list_item(annotation)
        place = "header" if isinstance(mark, Header) else "path" if name in self.names else "query"
        try:
            read = reader_of(annotation if item is None else item)
        except TypeError as error:
            self.complain(f"`{name}`: {error}")
            return
        if read is None or (item is not None and place != "query"):
            self.complain(f"`{name}`: {annotation!r} cannot be read from a {place}")
            return
        if place == "path" and default is not REQUIRED:
            self.complain(f"`{name}`: a path parameter has no default")
        if place == "path" and mark is not None:
            self.complain(f"`{name}`: a path parameter is called as in the path")
        public = mark.name if mark else name
        if (public.lower(), place) in self.taken:
            self.complain(f"`{name}`: there is a {place} parameter {public} already")
        self.taken.add((public.lower(), place))
        self.parameters.append(Parameter(public, place, name, annotation, read, default, many=item is not None))

    def _check_options(self) -> None:
        operation = self.operation
        if not 1 <= operation.limit <= MAX_PAGE:
            self.complain(f"limit={operation.limit} is not within 1 and {MAX_PAGE}")
        for status in (operation.status, *operation.also):
            if not 200 <= status <= 599:
                self.complain(f"{status} is no status of a reply")
        if operation.conditional and not is_unsafe(operation.method):
            self.complain("conditional=True is for writes; a GET that sets call.version is conditional by itself")
        if not operation.consumes:
            self.complain("consumes is empty")

    def _check_paths(self) -> None:
        if _TEMPLATE.fullmatch(self.operation.path) is None:
            self.complain("the path is no template such as /accounts/{account_id}")
        if ":path}" in self.operation.path and not self.operation.path.endswith(":path}"):
            self.complain("a parameter with :path takes the rest of the path and must be its end")
        taken = [parameter.argument for parameter in self.parameters if parameter.place == "path"]
        for name in self.names:
            if name not in taken or self.names.count(name) > 1:
                self.complain(f"{{{name}}} of the path needs exactly one parameter of this name")
        if self.page is not None:
            for parameter in self.parameters:
                if parameter.place == "query" and parameter.name in _PAGING:
                    self.complain(f"`{parameter.name}` is a name of paging")

    def _conclude(self, returns: Any) -> Signature:
        if returns is REQUIRED:
            self.complain("it has no return type")
        returns, may_be_raw = without_reply(returns)
        row, single = listing_of(returns)
        if self.page is not None and row is None:
            self.complain("a handler that takes a Page returns a Listing")
        if returns is type(None) and self.operation.status == 200:
            self.complain("a handler that returns nothing answers 204: status=204")
        names = {parameter.argument: parameter for parameter in self.parameters}
        order = [names[name] for name in self.names if name in names]
        order += [parameter for parameter in self.parameters if parameter.place != "path"]
        return Signature(
            parameters=tuple(order),
            body=self.body,
            has_body=self.has_body,
            is_streamed=self.is_streamed,
            page_argument=self.page,
            cursor=self.cursor,
            returns=returns,
            row=row,
            single=single,
            is_raw=returns is Reply,
            may_be_raw=may_be_raw,
            sets=_REPLY_FIELDS.intersection(inspect.unwrap(self.operation.function).__code__.co_names),
        )


def bare_origin(annotation: Any) -> Any:
    """Return the class behind ``Call[S]``, or ``Call`` itself."""
    return get_origin(annotation) or annotation


def mark_of(annotation: Any) -> Header | Query | None:
    """Return the Header or Query that marks an annotation, if one does."""
    extras = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, (Header, Query))), None)


def without_reply(returns: Any) -> tuple[Any, bool]:
    """Return a type without ``| Reply``, and whether that was there."""
    kinds = get_args(returns) if get_origin(returns) in (Union, types.UnionType) else ()
    if Reply not in kinds:
        return returns, False
    return Union[tuple(kind for kind in kinds if kind is not Reply)], True  # noqa: UP007 - a tuple of types


def listing_of(returns: Any) -> tuple[Any, Any]:
    """Return the type of the rows of ``Listing[R]``, and what else there is in a union with it; else None, None."""
    kinds = get_args(returns) if get_origin(returns) in (Union, types.UnionType) else (returns,)
    listings = [kind for kind in kinds if get_origin(kind) is Listing]
    if not listings:
        return None, None
    others = tuple(kind for kind in kinds if kind is not listings[0])
    return get_args(listings[0])[0], Union[others] if others else None  # noqa: UP007 - a tuple of types
