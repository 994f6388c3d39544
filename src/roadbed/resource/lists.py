"""Lists: filters, order and keyset pages, as one statement per shape of question, made when it first comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from roadbed.data.database import Database
from roadbed.data.listing import Listing
from roadbed.data.queries import Query
from roadbed.data.shared import Shared
from roadbed.http.shapes import bare
from roadbed.kernel.clock import Clock
from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.declaration import Lapse
from roadbed.resource.fields import Field
from roadbed.resource.statements import SEARCH, Total, names, query, quoted

MOST_VALUES = 100
"""Values that one filter may name."""

MOST_SHAPES = 500
"""Statements that are kept; a question of a shape beyond them makes its own each time."""

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Filter(NamedTuple):
    """One condition: ``kind`` is ``in`` (``value`` is a list), a comparison, ``prefix`` or ``null`` (a bool)."""

    field: str
    kind: str
    value: Any


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page ended: the order it had, and the values of its last row."""

    order: str
    value: Any
    key: Any


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a list was asked for. ``order`` is a field, with ``-`` before it for downwards."""

    filters: Sequence[Filter] = ()
    search: str = ""
    order: str
    limit: int
    after: Cursor | None = None
    total: bool = False


class Lists:
    """The lists of one resource. Replies that are made of the same rows in the same way are ``shared``."""

    def __init__(self, unit: Compiled, database: Database, clock: Clock) -> None:
        self._unit = unit
        self._clock = clock
        self._plan = unit.plan
        self._database = database
        self.shared = Shared()
        self._shapes: dict[Any, Query[Any]] = {}

    async def page(self, question: Question) -> Listing[Any]:
        """Return one page of stored rows.

        Raises:
            Invalid: the cursor is of another order.
        """
        at = self._clock()
        where, arguments, shape = self._where(question, at)
        total: int | None = None
        if question.total:
            counted = self._query(("count", shape), Total, lambda: f"SELECT count(*) FROM {self._table}{_all(where)}")
            total = (await self._database.fetch(counted, **arguments))[0].total
        order, down = question.order.lstrip("-"), question.order.startswith("-")
        columns = [order] if order == self._plan.key.name else [order, self._plan.key.name]
        if question.after is not None:
            arguments |= self._after(question.after, question.order, columns)
            ends = ", ".join(f":after_{index}" for index in range(len(columns)))
            where = [*where, f"({names(columns)}) {'<' if down else '>'} ({ends})"]
        way = "DESC" if down else "ASC"
        ordered = ", ".join(f"{quoted(column)} {way}" for column in columns)
        key = ("page", shape, question.order, question.after is not None)

        def text() -> str:
            return f"SELECT {names(self._plan.columns)} FROM {self._table}{_all(where)} ORDER BY {ordered} LIMIT :limit"

        found = self._query(key, self._plan.shapes.row, text)
        rows = await self._database.fetch(found, **arguments, limit=question.limit + 1)
        more = len(rows) > question.limit
        del rows[question.limit :]
        end = Cursor(question.order, getattr(rows[-1], order), getattr(rows[-1], self._plan.key.name)) if more else None
        return Listing([self._unit.as_of(row, at) for row in rows] if self._plan.lapse else rows, end, total)

    @property
    def _table(self) -> str:
        return quoted(self._plan.table)

    def _query(self, key: Any, row: type[Any], text: Any) -> Query[Any]:
        made = self._shapes.get(key)
        if made is None:
            made = query(f"{self._plan.table}_{key[0]}", row, *_dialects(text()))
            if len(self._shapes) < MOST_SHAPES:
                self._shapes[key] = made
        return made

    def _where(self, question: Question, at: datetime) -> tuple[list[str], dict[str, Any], Any]:
        """Return conditions, their arguments, and what tells their shape."""
        where: list[str] = []
        arguments: dict[str, Any] = {}
        shape: list[Any] = []
        for number, each in enumerate(question.filters):
            condition, more = _condition(each, f"f{number}")
            if self._plan.lapse is not None and self._plan.status is self._plan.types[each.field]:
                condition, more = self._lapsing(self._plan.lapse, each, condition, {**more, "now": at})
            where.append(condition)
            arguments |= more
            shape.append(condition)
        if question.search:
            where.append(f"{_FOUND}({SEARCH}, :search) > 0")
            arguments["search"] = question.search.casefold()
            shape.append("search")
        return where, arguments, tuple(shape)

    def _lapsing(
        self, lapse: Lapse, each: Filter, condition: str, arguments: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, Any]]:
        """Return a filter by status that knows what time has brought: plain comparisons, which indexes answer."""
        status, end = quoted(each.field), quoted(lapse.field)
        known = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted(self._plan.lapsing))
        if lapse.status in each.value:
            return f"({condition} OR ({status} IN ({known}) AND {end} <= :now))", arguments
        return f"({condition} AND ({end} IS NULL OR {end} > :now OR {status} NOT IN ({known})))", arguments

    def _after(self, cursor: Cursor, order: str, columns: Sequence[str]) -> dict[str, Any]:
        if cursor.order != order:
            raise Invalid(faults=[Fault("query:after", "The cursor is of a list in another order")])
        values = (cursor.value, cursor.key)
        try:
            return {
                f"after_{index}": _read(self._plan.types[column], value)
                for index, (column, value) in enumerate(zip(columns, values, strict=False))
            }
        except (msgspec.ValidationError, TypeError):
            raise Invalid(
                faults=[Fault("query:after", "Expected a cursor from the `Link` of an earlier page")]
            ) from None


_FOUND = "roadbed_found"


def _dialects(text: str) -> tuple[str, str]:
    """Return a statement in both tongues: where a text is found in another has another name in each."""
    return text.replace(_FOUND, "instr"), text.replace(_FOUND, "strpos")


def _all(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _read(field: Field, value: Any) -> Any:
    plain, _ = bare(field.annotation)
    kind: Any = Annotated[datetime, msgspec.Meta(tz=True)] if plain is datetime else plain
    read = msgspec.convert(value, kind)
    if read != read:  # noqa: PLR0124  NaN: no row holds it, no engine takes it
        raise msgspec.ValidationError("not a number")
    return read


def _condition(each: Filter, name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the SQL of one filter, with parameters whose names begin with ``name``."""
    column = quoted(each.field)
    if each.kind == "null":
        return f"{column} IS {'' if each.value else 'NOT '}NULL", {}
    if each.kind == "in":
        values = {f"{name}_{index}": value for index, value in enumerate(each.value)}
        listed = ", ".join(f":{key}" for key in values)
        return f"{column} IN ({listed})", values
    if each.kind == "prefix":
        return _prefix(column, each.value, name)
    return f"{column} {COMPARISONS[each.kind]} :{name}", {name: each.value}


def _prefix(column: str, prefix: str, name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the range of texts that begin with a prefix, by code point (both engines sort so)."""
    end = successor(prefix)
    if end is None:
        return f"{column} >= :{name}", {name: prefix}
    return f"({column} >= :{name} AND {column} < :{name}_end)", {name: prefix, f"{name}_end": end}


def successor(prefix: str) -> str | None:
    """Return the first text after all that begin with a prefix, or None where there is none."""
    for place in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[place])
        if point < 0x10FFFF:
            # Surrogates are no characters: no text of either engine holds one.
            following = 0xE000 if point == 0xD7FF else point + 1
            return prefix[:place] + chr(following)
    return None
