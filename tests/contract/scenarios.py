"""The one declarative type that says what the service answers: requests, what comes back, what is stored afterwards.

A text may hold ``<name>``: a value that an earlier reply gave (``keep``), or else a UUID of this scenario alone, so
that all scenarios can share one service. ``<host>`` is the service's own authority, ``<soon>`` a second from the
start. Expected bodies are plain JSON with matchers where a value cannot be known (``A_UUID``, ``Holding`` …), and are
compared as ``expected == actual``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.wire import Values

NOTHING: Any = object()
"""No JSON body at all, or no expectation: JSON's own null is None."""


class Matcher:
    """Equals every text (or integer) that looks as it should."""

    def __init__(self, name: str, pattern: str, kind: type = str) -> None:
        self._name, self._pattern, self._kind = name, re.compile(pattern), kind

    def __eq__(self, other: object) -> bool:
        return type(other) is self._kind and self._pattern.fullmatch(str(other)) is not None

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return self._name


A_UUID = Matcher("A_UUID", "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
AN_INSTANT = Matcher("AN_INSTANT", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
AN_INTEGER = Matcher("AN_INTEGER", "-?[0-9]+", int)
A_TEXT = Matcher("A_TEXT", "(?s).+")
A_NEXT_LINK = Matcher("A_NEXT_LINK", '</[^>]*[?&]after=[^>]+>; rel="next"')


class Holding(dict[str, Any]):
    """Equals every object that has at least these members."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and {name: other.get(name, NOTHING) for name in self} == dict(self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __or__(self, other: Any) -> "Holding":
        return Holding({**self, **other})

    __hash__ = None


@dataclass(frozen=True)
class Rows:
    """How many rows came to each table."""

    transactions: int = 0
    accounts: int = 0
    keys: int = 0
    entries: int = 0
    revisions: int = 0
    items: int = 0
    item_versions: int = 0
    assets: int = 0
    signals: int = 0
    measurements: int = 0
    templates: int = 0
    vouchers: int = 0
    changes: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request and what must come back.

    - ``call``: method and target as they go over the wire: ``GET /accounts/<a>``;
    - ``json``: the body as a value; ``body``: the same as text or bytes, sent as it is; ``chunked``: without a length;
    - ``headers``: beside Host, Content-Type and Content-Length, or in their place; None leaves one of these out;
    - ``status``; ``reply``: the body as JSON; ``text``: a regular expression for a body that is no JSON;
    - ``expect``: header fields of the reply; None for one that must not be there;
    - ``kind``: the last part of a problem's ``type``, where the status alone does not decide it;
    - ``faults``: the pointers in a problem's ``errors``, all of them;
    - ``lacks``: texts that the body must not contain, beside what no failure may ever tell;
    - ``keep``: values by name, for this step's expectations too: a JSON pointer into the reply (without escapes),
      ``header:Name``, ``next`` for the target of ``Link``, ``after`` for the cursor in it;
    - ``closes``: the service closes the connection after this reply;
    - ``pause``: seconds to wait before.
    """

    call: str
    json: Any = NOTHING
    body: str | bytes | None = None
    chunked: bool = False
    headers: Mapping[str, Values] = field(default_factory=dict)
    status: int = 200
    reply: Any = NOTHING
    text: str | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    faults: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    keep: Mapping[str, str] = field(default_factory=dict)
    closes: bool = False
    pause: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """Steps on one connection; then the rows that came, and what the database holds: balances by account, JSON texts
    by key."""

    name: str
    steps: tuple[Step, ...]
    rows: Rows = Rows()
    balances: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def get(target: str, **more: Any) -> Step:
    """Return a step that reads."""
    return Step(call=f"GET {target}", **more)


def post(target: str, json: Any = NOTHING, status: int = 201, **more: Any) -> Step:
    """Return a step that adds."""
    return Step(call=f"POST {target}", json=json, status=status, **more)


def put(target: str, json: Any = NOTHING, status: int = 200, **more: Any) -> Step:
    """Return a step that sets."""
    return Step(call=f"PUT {target}", json=json, status=status, **more)


def deposit(account: str, amount: int, **more: Any) -> Step:
    """Return the step that most scenarios begin with."""
    return post("/transactions", {"account_id": f"<{account}>", "amount": amount}, **more)


def single(name: str, step: Step, rows: Rows | None = None) -> Scenario:
    """Return a scenario of one step; unless told otherwise it leaves no row."""
    return Scenario(name, (step,), rows or Rows())
