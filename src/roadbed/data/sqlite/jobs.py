"""A piece of work for the writer thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from roadbed.data.sqlite.connection import SqliteRun
from roadbed.kernel.spans import Span


class WrongCountError(RuntimeError):
    """A program returned more or fewer results than items: nobody knows what it did for whom."""


class Job:
    """A function over items, and the future of its results.

    ``split`` says whether the items may run one by one. ``alone``: no other job shares its transaction. ``abort`` makes
    a job that waits for others give up; it is called from the event loop. ``told`` gets each result in the event loop
    once it is committed, also where the future was given up meanwhile. ``span`` is what the commit is a part of,
    where that is traced; ``work`` knows it already.
    """

    __slots__ = ("abort", "alone", "future", "items", "name", "span", "split", "told", "work")

    def __init__(
        self,
        name: str,
        work: Callable[[SqliteRun, list[Any]], Sequence[Any]],
        items: list[Any],
        future: asyncio.Future[Any],
        *,
        split: bool = True,
        alone: bool = False,
        abort: Callable[[], None] | None = None,
        told: Callable[[Any], None] | None = None,
    ) -> None:
        self.name = name
        self.work = work
        self.items = items
        self.future = future
        self.split = split
        self.alone = alone
        self.abort = abort
        self.told = told
        self.span: Span | None = None

    def run(self, run: SqliteRun, items: list[Any]) -> Sequence[Any]:
        """Return one result per item, within the statement timeout.

        Raises:
            WrongCountError: there are more or fewer results than items.
        """
        if self.future.cancelled():
            # Its people have left before it began: the time goes to those who still wait.
            self.told = None
            return items
        run.start_clock()
        try:
            results = self.work(run, items)
        finally:
            run.stop_clock()
        if len(results) != len(items):
            raise WrongCountError(f"{self.name}: {len(results)} results for {len(items)} items")
        return results
