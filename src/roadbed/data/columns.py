"""Column types that mean the same on SQLite and PostgreSQL.

=============  ====================================  =======================================
type           SQLite (STRICT)                       PostgreSQL
=============  ====================================  =======================================
``Id``         BLOB of 16 bytes                      uuid
``Instant``    INTEGER, microseconds since 1970 UTC  timestamptz
``Integer64``  INTEGER                               bigint
``Real``       REAL, finite                          double precision, finite
``Text``       TEXT without NUL                      text COLLATE "C" (refuses NUL by itself)
``JsonText``   TEXT, as it was written               text COLLATE "C", as it was written
``Bytes``      BLOB                                  bytea
``Digest``     BLOB of a fixed length                bytea of a fixed length
``Flag``       INTEGER, 0 or 1                       boolean
=============  ====================================  =======================================

What a column refuses is a CHECK written *inside its own definition*, named ``ck_<table>_<column>_<rule>``. So it comes
with ``CREATE TABLE`` and with ``ALTER TABLE ADD COLUMN`` alike (SQLite knows no ``ADD CONSTRAINT``), in a migration as
in a fresh schema, and no tool that copies tables can lose it.

**The DDL of a type is frozen by its first release**: old revisions use these classes too. A change of meaning is a new
class or a new option; ``tests/unit/data/test_columns.py`` holds the exact text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Double, Integer, LargeBinary, TypeDecorator
from sqlalchemy import Text as PlainText
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine

from roadbed.kernel.clock import from_micros, to_micros

T = TypeVar("T")

LONGEST_NAME = 63
"""Bytes in an identifier of PostgreSQL, which cuts longer ones off without a word."""

rendered: ContextVar[dict[tuple[str, str], str] | None] = ContextVar("rendered", default=None)
"""Where this holds a dict, every definition of a column notes its class there: (table, column) → class.

SQLite spells a time as it spells a number; who writes the next revision has to tell them apart.
"""

_LARGEST_DOUBLE = "1.7976931348623157e308"


class ColumnType(TypeDecorator[T]):
    """What the types of this module share: one spelling per dialect, and rules that become named CHECKs."""

    cache_ok = True
    spelling: ClassVar[dict[str, str]]
    engines: ClassVar[dict[str, type[TypeEngine[Any]]]]

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the plain type of this dialect, which binds and reads the values."""
        return dialect.type_descriptor(self.engines[dialect.name]())

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """Yield (name of the rule, condition in which ``{}`` stands for the column)."""
        del dialect
        yield from ()

    def options(self) -> dict[str, Any]:
        """Return the arguments that make an equal type, for ``repr`` (Alembic writes revisions with it)."""
        return {}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.options().items())
        return f"{type(self).__name__}({arguments})"


@compiles(ColumnType)
def render(kind: ColumnType[Any], compiler: Any, **context: Any) -> str:
    """Return the DDL of a type; in the definition of a column (not in a CAST) its CHECKs follow.

    Raises:
        CompileError: the dialect is neither SQLite nor PostgreSQL.
    """
    dialect = compiler.dialect.name
    if dialect not in kind.spelling:
        raise CompileError(f"Roadbed's column types know SQLite and PostgreSQL, not {dialect!r}")
    column = context.get("type_expression")
    table: Any = getattr(column, "table", None)  # a CAST has none
    if column is None or table is None:
        return kind.spelling[dialect]
    if (noted := rendered.get()) is not None:
        noted[table.name, column.name] = type(kind).__name__
    name = compiler.dialect.identifier_preparer.format_column(column)
    checks = [
        f" CONSTRAINT {check_name(table.name, column.name, rule)} CHECK ({condition.format(name)})"
        for rule, condition in kind.rules(dialect)
    ]
    return kind.spelling[dialect] + "".join(checks)


def check_name(table: str, column: str, rule: str) -> str:
    """Return the name of a column's CHECK; one that PostgreSQL would cut off ends in a hash instead."""
    name = f"ck_{table}_{column}_{rule}"
    if len(name.encode()) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class Id(ColumnType[UUID]):
    """A UUID. Both engines sort it by its bytes, so UUIDv7 sorts by time."""

    impl = LargeBinary
    cache_ok = True
    spelling: ClassVar = {"sqlite": "BLOB", "postgresql": "UUID"}
    engines: ClassVar = {"sqlite": LargeBinary, "postgresql": postgresql.UUID}

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """SQLite alone needs to be told the length."""
        if dialect == "sqlite":
            yield "length", "length({}) = 16"

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """Return 16 bytes for SQLite."""
        return value.bytes if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """Return the UUID of 16 bytes of SQLite."""
        return UUID(bytes=value) if value is not None and dialect.name == "sqlite" else value


class Instant(ColumnType[datetime]):
    """A point in time, in microseconds, UTC."""

    impl = BigInteger
    cache_ok = True
    spelling: ClassVar = {"sqlite": "INTEGER", "postgresql": "TIMESTAMP WITH TIME ZONE"}
    engines: ClassVar = {"sqlite": Integer, "postgresql": postgresql.TIMESTAMP}

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL's type needs to be told about the zone."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return microseconds since 1970 for SQLite."""
        return to_micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the aware time of SQLite's microseconds."""
        return from_micros(value) if value is not None and dialect.name == "sqlite" else value


class Integer64(ColumnType[int]):
    """A signed integer of 64 bits. Money is one of these, in minor units."""

    impl = BigInteger
    cache_ok = True
    spelling: ClassVar = {"sqlite": "INTEGER", "postgresql": "BIGINT"}
    engines: ClassVar = {"sqlite": Integer, "postgresql": BigInteger}


class Real(ColumnType[float]):
    """A finite IEEE 754 double.

    PostgreSQL would store NaN and sort it above infinity; SQLite turns NaN into NULL. One condition refuses both.
    """

    impl = Double
    cache_ok = True
    spelling: ClassVar = {"sqlite": "REAL", "postgresql": "DOUBLE PRECISION"}
    engines: ClassVar = {"sqlite": Double, "postgresql": postgresql.DOUBLE_PRECISION}

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """The same on both engines."""
        del dialect
        yield "finite", f"{{}} BETWEEN -{_LARGEST_DOUBLE} AND {_LARGEST_DOUBLE}"


class Text(ColumnType[str]):
    """Text without NUL that sorts by code point. ``max_length`` and ``min_length`` count code points."""

    impl = PlainText
    cache_ok = True
    spelling: ClassVar = {"sqlite": "TEXT", "postgresql": 'TEXT COLLATE "C"'}
    engines: ClassVar = {"sqlite": PlainText, "postgresql": postgresql.TEXT}

    def __init__(self, max_length: int | None = None, min_length: int = 0) -> None:
        super().__init__()
        self.max_length = max_length
        self.min_length = min_length

    def options(self) -> dict[str, Any]:
        """Leave out what is as by default."""
        options: dict[str, Any] = {} if self.max_length is None else {"max_length": self.max_length}
        return options | ({"min_length": self.min_length} if self.min_length else {})

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """SQLite's ``length`` stops at a NUL: it counts rightly because ``no_nul`` holds beside it."""
        if dialect == "sqlite":
            yield "no_nul", "instr({}, char(0)) = 0"
        if self.max_length is not None:
            yield "max_length", f"length({{}}) <= {self.max_length:d}"
        if self.min_length:
            yield "min_length", f"length({{}}) >= {self.min_length:d}"


class JsonText(ColumnType[str]):
    """A JSON document, kept letter by letter: big integers, key order and all.

    There is no CHECK: our encoder wrote it, JSON has no raw NUL, and a scan would cost the writer 2 ms per MiB.
    """

    impl = PlainText
    cache_ok = True
    spelling: ClassVar = Text.spelling
    engines: ClassVar = Text.engines


class Bytes(ColumnType[bytes]):
    """Raw bytes; ``max_length`` in bytes."""

    impl = LargeBinary
    cache_ok = True
    spelling: ClassVar = {"sqlite": "BLOB", "postgresql": "BYTEA"}
    engines: ClassVar = {"sqlite": LargeBinary, "postgresql": postgresql.BYTEA}

    def __init__(self, max_length: int | None = None) -> None:
        super().__init__()
        self.max_length = max_length

    def options(self) -> dict[str, Any]:
        """Leave out what is as by default."""
        return {} if self.max_length is None else {"max_length": self.max_length}

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """The same on both engines: ``length`` of a BLOB and of a bytea counts bytes."""
        del dialect
        if self.max_length is not None:
            yield "max_length", f"length({{}}) <= {self.max_length:d}"


class Digest(ColumnType[bytes]):
    """A digest of exactly ``length`` bytes."""

    impl = LargeBinary
    cache_ok = True
    spelling: ClassVar = Bytes.spelling
    engines: ClassVar = Bytes.engines

    def __init__(self, length: int = 16) -> None:
        super().__init__()
        self.length = length

    def options(self) -> dict[str, Any]:
        """Always say the length."""
        return {"length": self.length}

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """The same on both engines."""
        del dialect
        yield "length", f"length({{}}) = {self.length:d}"


class Flag(ColumnType[bool]):
    """True or false."""

    impl = Boolean
    cache_ok = True
    spelling: ClassVar = {"sqlite": "INTEGER", "postgresql": "BOOLEAN"}
    engines: ClassVar = {"sqlite": Boolean, "postgresql": Boolean}

    def rules(self, dialect: str) -> Iterator[tuple[str, str]]:
        """SQLite alone needs to be told."""
        if dialect == "sqlite":
            yield "flag", "{} IN (0, 1)"
