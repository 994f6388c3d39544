"""A domain: what one file or package declares, and everything that the composition root needs to serve it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from roadbed.data.database import Database
from roadbed.http.operations import Operations
from roadbed.kernel.clock import Clock

S = TypeVar("S")


class Domain(msgspec.Struct, Generic[S], frozen=True):
    """One service by name.

    ``open`` makes the service from an open database and a clock; it must not touch the database yet.
    ``metadata`` is a callable that returns the ``sqlalchemy.MetaData`` of its tables (SQLAlchemy is imported lazily:
    only migrations and schema tests call it). ``migrations`` is the import path of the package that holds the
    domain's Alembic revisions; its branch label is the domain's name.
    """

    name: str
    title: str
    operations: Operations[S]
    open: Callable[[Database, Clock], S]
    metadata: Callable[[], Any]
    migrations: str
