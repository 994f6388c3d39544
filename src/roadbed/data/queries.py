"""Named statements, and the struct that each row becomes. ``roadbed.data.named_sql`` says how their files look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any, Generic, TypeVar

from roadbed.data.named_sql import Compiled, Dialect, parse
from roadbed.data.values import Row, postgres_decoder, postgres_value, sqlite_decoder, sqlite_value
from roadbed.kernel.errors import ConfigurationError

__all__ = ["Dialect", "Queries", "Query", "Row"]

R = TypeVar("R")

_NUMERIC = re.compile(r"\b(?:sum|avg|round|stddev\w*|var_\w+|variance|numeric|decimal)\b", re.IGNORECASE)


class Query(Generic[R]):
    """One named statement with a variant per dialect and, for those that return rows, the struct of a row."""

    def __init__(self, name: str, variants: dict[Dialect, Compiled], row: type[R]) -> None:
        self.name = name
        self.row = row
        self.writes = any(variant.writes for variant in variants.values())
        self._variants = variants
        # A variant may do without a parameter that the other needs: only what neither knows is a mistake.
        self._known = frozenset(name for variant in variants.values() for name in variant.parameters)
        numeric = "postgres" in variants and _NUMERIC.search(variants["postgres"].text) is not None
        self._sqlite_decode = sqlite_decoder(row)
        self._postgres_decode = postgres_decoder(row, exact=numeric)

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all parameters, of whichever dialect."""
        return self._known

    def text(self, dialect: Dialect) -> str:
        """Return the SQL text of this dialect, with positional parameters.

        Raises:
            ConfigurationError: the statement has no variant for it.
        """
        return self._variant(dialect).text

    def sqlite_values(self, arguments: dict[str, Any]) -> Row:
        """Return positional values for SQLite: UUIDs as 16 bytes, times as microseconds since 1970.

        Raises:
            Invalid: a value that the engines would not store alike; names the parameter.
            TypeError: a parameter without a value, or a value without a parameter.
        """
        parameters = self._variant("sqlite").parameters
        try:
            values = tuple([sqlite_value(name, arguments[name]) for name in parameters])
        except KeyError as missing:
            raise TypeError(f"The statement {self.name!r} needs a value for {missing.args[0]}") from None
        if len(arguments) != len(parameters):
            self._check_names(arguments)
        return values

    def postgres_values(self, arguments: dict[str, Any]) -> list[Any]:
        """Return positional values for PostgreSQL. Raises as ``sqlite_values`` does."""
        parameters = self._variant("postgres").parameters
        try:
            values = [postgres_value(name, arguments[name]) for name in parameters]
        except KeyError as missing:
            raise TypeError(f"The statement {self.name!r} needs a value for {missing.args[0]}") from None
        if len(arguments) != len(parameters):
            self._check_names(arguments)
        return values

    def sqlite_rows(self, rows: Sequence[Row]) -> list[R]:
        """Return the rows that SQLite gave as structs."""
        return self._sqlite_decode(rows)

    def postgres_rows(self, rows: Sequence[Sequence[Any]]) -> list[R]:
        """Return the rows that PostgreSQL gave as structs."""
        return self._postgres_decode(rows)

    def _variant(self, dialect: Dialect) -> Compiled:
        try:
            return self._variants[dialect]
        except KeyError:
            raise ConfigurationError(f"The statement {self.name!r} has no variant for {dialect}") from None

    def _check_names(self, arguments: dict[str, Any]) -> None:
        unknown = arguments.keys() - self._known
        if unknown:
            raise TypeError(f"The statement {self.name!r} has no parameter {', '.join(sorted(unknown))}")


class Queries:
    """All named statements of one ``queries.sql``.

    Raises:
        ConfigurationError: the package has no such file, or there is something wrong in it.
    """

    def __init__(self, package: str, filename: str = "queries.sql") -> None:
        self._source = f"{package}/{filename}"
        try:
            text = resources.files(package).joinpath(filename).read_text(encoding="utf-8")
        except (FileNotFoundError, ModuleNotFoundError):
            raise ConfigurationError(f"{self._source} is missing") from None
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
