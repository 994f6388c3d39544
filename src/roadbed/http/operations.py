"""Operations: what a domain offers over HTTP, declared as typed async functions.

::

    operations: Operations[Ledger] = Operations("ledger", "Accounts and transactions")

    @operations.post("/transactions", status=201, raises=[Conflict])
    async def create(call: Call[Ledger], body: NewTransaction) -> Transaction:
        \"""Add a transaction.\"""

Of the parameters after the call, ``body`` is the JSON body, or with ``body: Stream`` its bytes as they come in; a name
in the path's template is a path parameter; a ``Page[Cursor]`` is paging; ``Annotated[..., Header("Name")]`` is a header
field; all else are query parameters, which are optional where they have a default, and are called
``Annotated[..., Query("price.gte")]`` where that is no name in Python. The docstring is the operation's summary and
description. Nothing is looked at before ``compiler.compile_groups``, which tells all mistakes of all declarations at
once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypedDict, TypeVar, Unpack

import msgspec

from roadbed.http.bodies import JSON
from roadbed.http.call import Call
from roadbed.http.parameters import Header, Query
from roadbed.kernel.errors import RoadbedError

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")

Handler = Callable[Concatenate[Call[S], P], Awaitable[R]]

__all__ = ["Header", "Operation", "Operations", "Options", "Query"]


class Options(TypedDict, total=False):
    """What may be said of an operation beside its path and function.

    - ``status``: of success (200; 201 for what creates, 204 for what answers nothing);
    - ``also``: further statuses of success with their descriptions;
    - ``raises``: the classes of errors that its service may raise, for OpenAPI;
    - ``limit``: rows per page where the caller asks for no number;
    - ``conditional``: a write that obeys If-Match and If-None-Match; other writes refuse them;
    - ``idempotent``: whether an unsafe operation takes an Idempotency-Key; one that does not refuses it, for to
      ignore it would be to promise a safety that is not there;
    - ``consumes``: media types under which the body is read: as JSON, but for a ``Stream``;
    - ``body_limit``: bytes, where it differs from the setting;
    - ``produces``: media types of a ``Reply``, for OpenAPI;
    - ``documented``: whether OpenAPI lists it;
    - ``page``: a GET for people. It leaves query parameters that it does not know alone (campaign tags), and where
      another operation has the same path, a request whose ``Accept`` prefers HTML comes here;
    - ``cache``: of a GET that answers with a value: the feed by whose number its reply is kept. It depends on the
      address of the request, and on rows whose every write bumps that feed, and on nothing else;
    - ``alone``: it cannot be part of a batch, for it answers for the service itself.
    """

    status: int
    also: Mapping[int, str]
    raises: Sequence[type[RoadbedError]]
    limit: int
    conditional: bool
    idempotent: bool
    consumes: Sequence[str]
    body_limit: int | None
    produces: str | Sequence[str]
    documented: bool
    page: bool
    cache: str
    alone: bool


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One declaration, as it was made. ``Options`` says what its fields mean."""

    group: str
    method: str
    path: str
    function: Callable[..., Awaitable[Any]]
    status: int = 200
    also: Mapping[int, str] = {}
    raises: Sequence[type[RoadbedError]] = ()
    limit: int = 100
    conditional: bool = False
    idempotent: bool = True
    consumes: Sequence[str] = (JSON,)
    body_limit: int | None = None
    produces: str | Sequence[str] = JSON
    documented: bool = True
    page: bool = False
    returns: Any = None
    """What it returns, where that is known better than its annotation says."""
    cache: str = ""
    alone: bool = False

    @property
    def where(self) -> str:
        """Name the declaration, for a person who has to mend it."""
        name = getattr(self.function, "__qualname__", repr(self.function))
        return f"{self.group}: {self.method} {self.path} ({name})"


class Operations(Generic[S]):
    """The operations of one domain over its service ``S``. ``name`` is their tag in OpenAPI, ``title`` describes it.

    ``claims`` are paths at and below which no other group may have operations.
    """

    def __init__(self, name: str, title: str, claims: Sequence[str] = ()) -> None:
        self.name = name
        self.title = title
        self.claims = tuple(claims)
        self.declared: list[Operation] = []

    def get(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        """Declare what answers GET, and HEAD with it."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        """Declare what answers POST."""
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        """Declare what answers PUT."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        """Declare what answers PATCH."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Unpack[Options]) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        """Declare what answers DELETE."""
        return self._declare("DELETE", path, options)

    def _declare(self, method: str, path: str, options: Options) -> Callable[[Handler[S, P, R]], Handler[S, P, R]]:
        def register(function: Handler[S, P, R]) -> Handler[S, P, R]:
            self.declared.append(Operation(group=self.name, method=method, path=path, function=function, **options))
            return function

        return register
