"""What the harness knows of a contender: how to start it, where the work is, where its books are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from bench.harness.processes import Command

Store = Literal["postgresql", "embedded"]


class Place(msgspec.Struct, frozen=True):
    """Where one contender runs: a port on loopback, a folder of its own, and its database if it uses PostgreSQL."""

    port: int
    data: Path
    database_url: str = ""


class Routes(msgspec.Struct, frozen=True):
    """Where the work is.

    ``get`` is everything before the id; ``items`` names the member that holds a list, if any; ``unknown`` is a
    well-formed id that no transaction has. ``kv`` is everything before the key of a value, empty where a contender
    keeps none.
    """

    create: str = "/transactions"
    get: str = "/transactions/"
    newest: str = "/transactions?limit=30"
    ping: str = "/ping"
    id_member: str = "transaction_id"
    created: int = 201
    items: str = ""
    unknown: str = "00000000-0000-4000-8000-000000000007"
    kv: str = ""


class Books(msgspec.Struct, frozen=True):
    """The tables in which SQL can check what was written: ``transactions.amount`` and ``accounts.balance``.

    ``accounts`` is empty where a contender keeps no balances: then its rows are counted alone.
    """

    transactions: str = "transactions"
    accounts: str = "accounts"


class Contender(msgspec.Struct, frozen=True):
    """One entry of the roster.

    ``prepare`` returns what is run once on an empty database, ``start`` the server. ``missing`` says why it cannot run
    here, or returns an empty text. ``packages`` are the names whose pinned versions the report shows.
    """

    name: str
    title: str
    store: Store
    start: Callable[[Place], Command]
    missing: Callable[[], str]
    note: str
    packages: Sequence[str] = ()
    prepare: Callable[[Place], Sequence[Command]] = lambda _: ()
    routes: Routes = Routes()
    books: Books = Books()
