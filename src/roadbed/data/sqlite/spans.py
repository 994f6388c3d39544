"""Spans across threads: what is handed to a thread takes the span along that it is to be a part of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar

from roadbed.data.queries import Query, Row
from roadbed.data.spans import SQLITE, WAIT, begin_statement
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.kernel.spans import Span

R = TypeVar("R")

MOST_STATEMENTS = 32
"""Statements of one job that have a span each; the others are counted."""

UNTOLD = "roadbed.database.untold"


def under(span: Span, work: Callable[..., R]) -> Callable[..., R]:
    """Return ``work(run, …)`` such that each statement that it runs has a span below ``span``."""
    asked = [perf_counter()]

    def traced(run: SqliteRun, *arguments: Any) -> R:
        if asked:
            # It may run again, item by item: that is not another wait.
            span.add(WAIT, perf_counter() - asked.pop())
        return work(TracedRun(run, span), *arguments)

    return traced


def as_one(span: Span, name: str, work: Callable[[SqliteRun], R]) -> Callable[[SqliteRun], R]:
    """Return ``work(run)`` with one span as a whole: for what speaks to the connection itself."""
    return lambda run: _timed(span, name, work, run)


def _timed(parent: Span, name: str, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    span = begin_statement(parent, name, SQLITE)
    try:
        return call(*arguments, **named)
    except BaseException as error:
        span.fail(error)
        raise
    finally:
        span.end()


class TracedRun:
    """The verbs of a connection, each with a span. Made for one job: what is not traced never meets it."""

    def __init__(self, run: SqliteRun, span: Span) -> None:
        self._run = run
        self._span = span
        self._left = MOST_STATEMENTS

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)

    def fetch(self, query: Query[R], /, **arguments: Any) -> list[R]:
        """Return all rows as structs."""
        return self._tell(query, self._run.fetch, **arguments)

    def fetch_one(self, query: Query[R], /, **arguments: Any) -> R | None:
        """Return the first row as a struct, or None."""
        return self._tell(query, self._run.fetch_one, **arguments)

    def execute(self, query: Query[Any], /, **arguments: Any) -> int:
        """Run a write; return the number of rows that it changed."""
        return self._tell(query, self._run.execute, **arguments)

    def execute_many(self, query: Query[Any], /, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a write once per mapping."""
        if rows:
            self._tell(query, self._run.execute_many, rows)

    def rows(self, query: Query[Any], values: Row = ()) -> list[Row]:
        """Return plain rows for positional values."""
        return self._tell(query, self._run.rows, values)

    def execute_rows(self, query: Query[Any], rows: Sequence[Row]) -> None:
        """Run a write once per tuple of positional values."""
        if rows:
            self._tell(query, self._run.execute_rows, rows)

    def _tell(self, query: Query[Any], verb: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        if self._left == 0:
            # A program that runs a statement per item could make more spans than there are requests.
            self._span.add(UNTOLD, 1)
            return verb(query, *arguments, **named)
        self._left -= 1
        return _timed(self._span, query.name, verb, query, *arguments, **named)
