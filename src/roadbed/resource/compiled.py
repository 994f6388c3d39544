"""A resource, ready to work: its plan, its statements, and how values go between the API and the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec

from roadbed.data.queries import Query
from roadbed.data.values import postgres_value
from roadbed.http.parameters import REQUIRED
from roadbed.kernel.clock import to_micros
from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.fields import Field, Kind
from roadbed.resource.plan import Plan
from roadbed.resource.secrets import NO_SECRETS, Secrets, digest_of
from roadbed.resource.statements import SEARCH, Statements

_encode = msgspec.json.Encoder().encode

_AS_THEY_ARE = frozenset({UUID, bool, type(None)})

_SQLITE_FORMS: dict[Kind, Callable[[Any], Any]] = {"uuid": lambda key: key.bytes, "flag": int, "instant": to_micros}
"""What makes SQLite's form of a column's value (``data.values.sqlite_value``), where that is another one."""


class Compiled:
    """One resource as all rooms above use it. ``link`` tells it those that refer to it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sql = Statements(plan)
        self._linked: list[tuple[Field, Compiled, Query[Any]]] = []
        self._columns = plan.columns
        self._documents = frozenset(field.name for field in plan.stored if field.kind == "json")
        self._optional = frozenset(field.name for field in plan.stored if field.optional)
        self._defaults = {field.name: None if field.default is REQUIRED else field.default for field in plan.stored}
        self._computed = [(field.name, field.computed) for field in plan.fields if field.computed is not None]
        self.is_computed = bool(self._computed)
        self._shown = plan.shapes.shown
        self._kinds = {field.name: field.type for field in msgspec.structs.fields(plan.shapes.row)}
        self._sqlite_forms = [_SQLITE_FORMS.get(plan.types[name].kind) for name in plan.columns]
        # A row that shows nothing but its columns as they are is copied by place, in half of the time.
        is_plain = not (self._documents or self._computed or plan.secrets) and len(plan.fields) > 1
        self._copied = attrgetter(*(field.name for field in plan.fields)) if is_plain else None
        self._shown_names = tuple(field.name for field in plan.fields if field.secret is None)
        secrets = {field.name for field in plan.secrets}
        self._told = [name for name in plan.columns if name not in secrets]

    def link(self, units: Mapping[str, Compiled]) -> None:
        """Take in the resources that refer to this one."""
        self._linked = [(field, units[child.name], query) for field, child, query in self.sql.children]

    def children(self) -> list[tuple[Field, Compiled, Query[Any]]]:
        """Return the fields that refer to this resource, with their resource and the statement that finds the rows."""
        return self._linked

    @property
    def has_hooks(self) -> bool:
        """Whether a write may call hooks, which need a transaction of the event loop: its own or those of others."""
        seen: set[str] = set()
        return self._any_hook(seen)

    def _any_hook(self, seen: set[str]) -> bool:
        if self.plan.table in seen:
            return False
        seen.add(self.plan.table)
        own = self.plan.resource.before is not None or self.plan.resource.after is not None
        return own or any(child._any_hook(seen) for _, child, _ in self._linked)

    def watched_feeds(self) -> tuple[str, ...]:
        """Return the feeds, among those that are watched, to which a write of this resource may add."""
        found: dict[str, Compiled] = {}
        waiting = [self]
        while waiting:
            unit = waiting.pop()
            if unit.plan.feed not in found:
                found[unit.plan.feed] = unit
                waiting += [child for _, child, _ in unit._linked]
        return tuple(feed for feed, unit in found.items() if unit.plan.resource.events)

    def encoded(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values of the API as columns take them: documents as text, times in UTC, enumerations as their value.

        Raises:
            Invalid: a time that is none in UTC, a text with NUL: what the engines would not store alike.
        """
        return {name: self._column_value(name, value) for name, value in values.items()}

    def _column_value(self, name: str, value: Any) -> Any:
        if type(value) in _AS_THEY_ARE and name not in self._documents:
            return value
        if name in self._documents:
            # A document that may not be left out may still be JSON's null.
            return None if value is None and name in self._optional else _encode(value).decode()
        if isinstance(value, datetime):
            return _in_utc(name, value)
        return postgres_value(name, value.value if hasattr(value, "_value_") else value)

    def first_values(self, given: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        """Return every column of a new row; what was not given has its default.

        A secret that was not given is made here, and nobody will ever know it.
        """
        values = self.encoded({**self._defaults, **given})
        for field in self.plan.secrets:
            if field.name not in given and field.secret is not None:
                values[field.name] = digest_of(field.secret())
        return {**values, "version": 0, "created_at": at, "updated_at": at}

    def with_secrets(self, values: Mapping[str, Any]) -> tuple[Mapping[str, Any], Secrets]:
        """Return the values of a new row with the digests of its secrets, and the secrets themselves."""
        if not self.plan.secrets:
            return values, NO_SECRETS
        made = {field.name: field.secret() for field in self.plan.secrets if field.secret is not None}
        return {**values, **{name: digest_of(value) for name, value in made.items()}}, made

    def row(self, values: Mapping[str, Any]) -> Any:
        """Return a stored row of its values by name."""
        return self.plan.shapes.row(*[values[name] for name in self._columns])

    def as_of(self, row: Any, at: datetime) -> Any:
        """Return a stored row as it is at an instant: with its ``lapse``, where the time of that has come."""
        lapse, status = self.plan.lapse, self.plan.status
        if lapse is None or status is None or getattr(row, status.name) not in self.plan.lapsing:
            return row
        end = getattr(row, lapse.field)
        return row if end is None or end > at else msgspec.structs.replace(row, **{status.name: lapse.status})

    def values(self, row: Any) -> dict[str, Any]:
        """Return the columns of a stored row by name."""
        return {name: getattr(row, name) for name in self._columns}

    def stored_values(self, row: Any) -> dict[str, Any]:
        """Return what a statement that writes the row whole takes."""
        values = self.values(row)
        if self.plan.searched:
            values[SEARCH] = self.search_text(row)
        return values

    def sqlite_row(self, row: Any) -> tuple[Any, ...]:
        """Return the same for SQLite, in its form and by place. ``encoded`` has looked at what clients give."""
        values = [
            value if form is None or value is None else form(value)
            for value, form in zip(msgspec.structs.astuple(row), self._sqlite_forms, strict=True)
        ]
        if self.plan.searched:
            values.append(self.search_text(row))
        return tuple(values)

    def search_text(self, row: Any) -> str:
        """Return what ``?q=`` looks through: the searched fields in Unicode's form without case."""
        return "\n".join(str(getattr(row, name) or "") for name in self.plan.searched).casefold()

    def show(self, row: Any, base: str = "", secrets: Secrets = NO_SECRETS) -> Any:
        """Return a row as replies show it. ``base`` is the origin that the client asked."""
        if self._copied is not None:
            return self._shown(*self._copied(row))
        shown: dict[str, Any] = dict(secrets)
        for name in self._shown_names:
            value = getattr(row, name, None)
            if value is not None and name in self._documents:
                value = msgspec.Raw(value.encode())
            shown[name] = value
        for name, make in self._computed:
            shown[name] = make(row, base)
        return self._shown(**shown)

    def text(self, row: Any) -> str:
        """Return the JSON of a row for history and changes: all that is stored but secrets, its version last."""
        return f"{self.open_text(row)}{row.version}}}"

    def past(self, text: str) -> Any:
        """Return the row that a text of a history holds. Columns that came later are None in it."""
        given = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return self.row({name: self._past_value(name, given.get(name)) for name in self._columns})

    def _past_value(self, name: str, raw: msgspec.Raw | None) -> Any:
        if raw is None or (bytes(raw) == b"null" and name in self._optional):
            return None
        return bytes(raw).decode() if name in self._documents else msgspec.json.decode(raw, type=self._kinds[name])

    def open_text(self, row: Any) -> str:
        """Return the same text up to the version, which comes last."""
        shown = {name: getattr(row, name) for name in self._told if name != "version"}
        for name in self._documents:
            if shown[name] is not None:
                shown[name] = msgspec.Raw(shown[name].encode())
        return _encode(shown).decode()[:-1] + ',"version":'


def _in_utc(name: str, instant: datetime) -> datetime:
    """Return a time in UTC, which both engines give back; one without a zone is UTC already."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise Invalid(faults=[Fault(f"/{name}", "Expected a time within the years 1 to 9999 in UTC")]) from None


def compile_plans(plans: list[Plan]) -> dict[str, Compiled]:
    """Return the resources of one domain by name, linked."""
    units = {plan.name: Compiled(plan) for plan in plans}
    for unit in units.values():
        unit.link(units)
    return units
