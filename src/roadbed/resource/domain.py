"""A domain: what one file or package declares, and everything that the composition root needs to serve it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from roadbed.data.database import Database
from roadbed.http.operations import Operations
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.census import census
from roadbed.resource.compiled import Compiled, compile_plans
from roadbed.resource.declaration import Resource
from roadbed.resource.figures import Counter, Counters, Figure, Look
from roadbed.resource.plan import make_plans
from roadbed.resource.routes import operations
from roadbed.resource.signatures import as_shown
from roadbed.resource.store import Store
from roadbed.resource.stores import Stores
from roadbed.runtime.health import Components, Readiness

S = TypeVar("S")


class Domain(msgspec.Struct, Generic[S], frozen=True):
    """One service by name: resources that are declared, operations that are written by hand, or both.

    ``resources`` come with everything that they need. ``operations`` work on the service that ``open`` makes from an
    open database and a clock, or ``open_stores`` from ``Stores``, which also hold the stores of the resources and the
    health of the whole service; neither touches the database yet.
    An operation that is declared to return a resource's struct answers as that resource does (``Compiled.show``).
    ``metadata`` returns the ``sqlalchemy.MetaData`` of tables beside those of the resources (SQLAlchemy is imported
    lazily: only migrations and schema tests call it). ``migrations`` is the import path of the package that holds the
    domain's Alembic revisions; its branch label is the domain's name. Without one its tables follow the declaration
    in development, as long as that only adds; production refuses such a domain. ``page`` is the path of its page for
    people where that is not the console's (``/console/<name>``): browsers at ``/<name>`` are led there, and from ``/``
    where no other domain is on. ``figures`` are metrics beside those that all domains have (``resource.figures``).
    """

    name: str
    title: str
    operations: Operations[S] | None = None
    open: Callable[[Database, Clock], S] | None = None
    metadata: Callable[[], Any] | None = None
    migrations: str = ""
    resources: Sequence[Resource[Any]] = ()
    open_stores: Callable[[Stores], S] | None = None
    page: str = ""
    figures: Sequence[Figure] = ()
    path: str = ""
    """Where it was found (``package.module:name``): the registry fills it in."""

    def tables(self) -> Any:
        """Return the ``sqlalchemy.MetaData`` of all its tables."""
        from roadbed.resource.tables import tables

        return tables(make_plans(self.name, self.resources), self.metadata() if self.metadata is not None else None)

    def fingerprint(self) -> str:
        """Return a short text that changes when its tables do."""
        from roadbed.resource.fingerprint import fingerprint

        return fingerprint(make_plans(self.name, self.resources), None if self.metadata is None else self.metadata())

    def counters(self) -> list[Counter]:
        """Return what its service counts."""
        return [figure for figure in self.figures if isinstance(figure, Counter)]

    def looks(self) -> list[Look]:
        """Return what is read from the database for metrics: what it declares, and rows by status of its resources."""
        censuses = [census(plan) for plan in make_plans(self.name, self.resources)]
        declared = [figure for figure in self.figures if isinstance(figure, Look)]
        return declared + [look for look in censuses if look is not None]

    def compiled(self) -> dict[str, Compiled]:
        """Return its resources by name, compiled.

        Raises:
            ConfigurationError: a resource is declared wrongly; all of its problems are named.
        """
        return compile_plans(make_plans(self.name, self.resources))

    def described(self) -> list[tuple[Operations[Any], Any]]:
        """Return its operations without services: for documents, and to check declarations."""
        units = self.compiled()
        made: list[tuple[Operations[Any], Any]] = []
        if self.operations is not None:
            made.append((as_shown(self.operations, units), None))
        return made + [(operations(unit), None) for unit in units.values()]

    def opened(
        self,
        database: Database,
        clock: Clock,
        health: Components | None = None,
        counters: Counters | None = None,
    ) -> list[tuple[Operations[Any], Any]]:
        """Return its operations, each group with the service that it works on.

        ``health`` tells the state of all components; without it the database is the only one. ``counters`` hold what
        the domain counts; without them nobody is told.

        Raises:
            ConfigurationError: a resource is declared wrongly, or nothing makes the service of its operations.
        """
        units = self.compiled()
        if health is None:
            alone = Readiness()
            alone.started({"database": database.ping})
            health = alone.components
        if counters is None:
            counters = Counters(self.counters())
        named = {name: Store(unit, database, clock) for name, unit in units.items()}
        stores = Stores(database, clock, named, health, counters)
        made: list[tuple[Operations[Any], Any]] = [
            (operations(units[name]), store) for name, store in stores.named.items()
        ]
        if self.operations is None:
            return made
        if self.open_stores is not None:
            return [(as_shown(self.operations, units), self.open_stores(stores)), *made]
        if self.open is not None:
            return [(self.operations, self.open(database, clock)), *made]
        raise ConfigurationError(f"domain {self.name!r} has operations, and neither open nor open_stores")
