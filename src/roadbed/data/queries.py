"""Named SQL: one file per domain, one variant per dialect where they differ.

A file looks like this::

    -- name: statement
    SELECT ... WHERE account_id = :account_id AND seq < :before LIMIT :limit

    -- name: upsert
    -- dialect: sqlite
    INSERT ...

    -- name: upsert
    -- dialect: postgres
    INSERT ...

Parameters are named (``:limit``) and passed by keyword. They are compiled once, at load, to ``?n`` or ``$n``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import resources
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from roadbed.kernel.clock import from_micros, to_micros
from roadbed.kernel.errors import ConfigurationError

Dialect = Literal["sqlite", "postgres"]
R = TypeVar("R")
Row = tuple[Any, ...]

_HEADER = re.compile(r"^-- (name|dialect): *(\S+) *$")
_PARAMETER = re.compile(r"'(?:[^']|'')*'|--[^\n]*|(?<![:\w]):([a-z_][a-z0-9_]*)")


class Compiled(msgspec.Struct, frozen=True):
    """SQL text with positional parameters, and the order in which the named ones fill them."""

    text: str
    parameters: tuple[str, ...]


class Query(Generic[R]):
    """One named statement with a variant per dialect and, for those that return rows, the struct of a row."""

    def __init__(self, name: str, variants: dict[Dialect, Compiled], row: type[R]) -> None:
        self.name = name
        self.row = row
        self._variants = variants
        self._sqlite_decode = sqlite_decoder(row)
        self._postgres_decode = postgres_decoder(row)

    def text(self, dialect: Dialect) -> str:
        """Return the SQL text of this dialect, with positional parameters."""
        return self._variants[dialect].text

    def sqlite_values(self, arguments: dict[str, Any]) -> Row:
        """Return positional values for SQLite: UUIDs as 16 bytes, times as microseconds since 1970."""
        return tuple([sqlite_value(arguments[name]) for name in self._variants["sqlite"].parameters])

    def postgres_values(self, arguments: dict[str, Any]) -> list[Any]:
        """Return positional values for PostgreSQL."""
        return [arguments[name] for name in self._variants["postgres"].parameters]

    def sqlite_rows(self, rows: Sequence[Row]) -> list[R]:
        """Return the rows that SQLite gave as structs."""
        return self._sqlite_decode(rows)

    def postgres_rows(self, rows: Sequence[Sequence[Any]]) -> list[R]:
        """Return the rows that PostgreSQL gave as structs."""
        return self._postgres_decode(rows)


class Queries:
    """All named statements of one ``queries.sql``."""

    def __init__(self, package: str, filename: str = "queries.sql") -> None:
        self._source = f"{package}/{filename}"
        text = resources.files(package).joinpath(filename).read_text(encoding="utf-8")
        self._statements = parse(text, self._source)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all statements, in the order of the file."""
        return tuple(self._statements)

    def query(self, name: str, row: type[R]) -> Query[R]:
        """Return a statement whose rows become ``row``, a struct with one field per column, in order."""
        return Query(name, self._variants(name), row)

    def statement(self, name: str) -> Query[Row]:
        """Return a statement without rows, or whose rows stay plain tuples as the driver gives them."""
        return Query(name, self._variants(name), tuple)

    def _variants(self, name: str) -> dict[Dialect, Compiled]:
        try:
            return self._statements[name]
        except KeyError:
            raise ConfigurationError(f"{self._source} has no statement named {name!r}") from None


def parse(text: str, source: str = "queries.sql") -> dict[str, dict[Dialect, Compiled]]:
    """Split a file of named SQL into statements by name and dialect.

    Raises:
        ConfigurationError: a name without SQL, SQL without a name, a name given twice, or a dialect left out.
    """
    statements: dict[str, dict[str, str]] = {}
    name, dialect = "", "both"
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is None:
            if name:
                statements[name][dialect] = statements[name].get(dialect, "") + line + "\n"
            elif line.strip() and not line.startswith("--"):
                raise ConfigurationError(f"{source}:{number}: SQL before the first '-- name:'")
        elif header[1] == "name":
            name, dialect = header[2], "both"
            statements.setdefault(name, {})
        else:
            statements[name].pop("both", None)
            dialect = header[2]
            if dialect in statements[name] or dialect not in get_args(Dialect):
                raise ConfigurationError(f"{source}:{number}: dialect {dialect!r} of {name!r} is unknown or given twice")
    return {name: _dialects(name, variants, source) for name, variants in statements.items()}


def _dialects(name: str, variants: dict[str, str], source: str) -> dict[Dialect, Compiled]:
    compiled: dict[Dialect, Compiled] = {}
    for dialect in get_args(Dialect):
        sql = variants.get(dialect, variants.get("both", "")).strip().rstrip(";")
        if sql:
            compiled[dialect] = compile_parameters(sql, "?" if dialect == "sqlite" else "$")
    if not compiled:
        raise ConfigurationError(f"{source}: statement {name!r} has no SQL")
    return compiled


def compile_parameters(sql: str, mark: str) -> Compiled:
    """Replace ``:name`` by numbered parameters; text in quotes, comments and ``::type`` casts stay."""
    order: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        if match[1] not in order:
            order.append(match[1])
        return f"{mark}{order.index(match[1]) + 1}"

    return Compiled(_PARAMETER.sub(number, sql), tuple(order))


def sqlite_value(value: Any) -> Any:
    """Return a value as SQLite stores it: UUID → 16 bytes, time → microseconds since 1970, bool → 0 or 1."""
    kind = type(value)
    if kind is datetime:
        return to_micros(value)
    if isinstance(value, UUID):
        return value.bytes
    return int(value) if kind is bool else value


def sqlite_decoder(row: type[R]) -> Callable[[Sequence[Row]], list[R]]:
    """Compile how rows of SQLite become structs: msgspec converts in bulk, times are counted out first."""
    if not (isinstance(row, type) and issubclass(row, msgspec.Struct)):
        return list  # pyright: ignore[reportReturnType]
    hints = get_type_hints(row)
    fields = [hints[field] for field in row.__struct_fields__]
    times = [index for index, kind in enumerate(fields) if _holds(kind, datetime)]
    shape = list[tuple[tuple(fields)]]  # type: ignore[misc]
    convert = msgspec.convert

    def decode(rows: Sequence[Row]) -> list[R]:
        if times:
            rows = [_with_times(values, times) for values in rows]
        return [row(*values) for values in convert(rows, shape, strict=False)]

    return decode


def _with_times(values: Row, times: list[int]) -> Row:
    changed = list(values)
    for index in times:
        if changed[index] is not None:
            changed[index] = from_micros(changed[index])
    return tuple(changed)


def postgres_decoder(row: type[R]) -> Callable[[Sequence[Sequence[Any]]], list[R]]:
    """Compile how records of asyncpg, whose values already have their types, become structs."""
    if not (isinstance(row, type) and issubclass(row, msgspec.Struct)):
        return lambda rows: [tuple(values) for values in rows]  # pyright: ignore[reportReturnType]
    return lambda rows: [row(*values) for values in rows]


def _holds(kind: Any, wanted: type) -> bool:
    return kind is wanted or (get_origin(kind) is not None and any(_holds(part, wanted) for part in get_args(kind)))
