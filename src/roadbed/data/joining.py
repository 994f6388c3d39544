"""Writes of many hands in one transaction: what is asked of a database inside ``joined`` becomes part of it.

The operations of a batch know nothing of it: the same flights, verbs and transactions that would each have been a
transaction of their own run, one at a time, in the one that is open. Commit and rollback are for whoever opened it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_OPEN: ContextVar[Any] = ContextVar("roadbed_open_transaction", default=None)
_LATER: ContextVar[list[Callable[[], None]]] = ContextVar("roadbed_after_commit")

open_transaction = _OPEN.get
"""Return the transaction that is open for the running task, or None. What it reads is not committed: never cache it."""


@contextmanager
def joined(run: Any, later: list[Callable[[], None]]) -> Generator[None]:
    """Let everything inside the block, in this task and those that it starts, be part of a transaction.

    ``run`` is what ``Database.transaction()`` yields. ``later`` collects what is to be called after its commit.
    """
    tokens = _OPEN.set(run), _LATER.set(later)
    try:
        yield
    finally:
        _OPEN.reset(tokens[0])
        _LATER.reset(tokens[1])


@contextmanager
def part_of(run: Any, told: Callable[[], None] | None) -> Generator[None]:
    """Let a transaction be part of the one that is open, ``run``, which fails with it; ``told`` is for the commit."""
    try:
        yield
    except BaseException as error:
        run.fail(error)
        raise
    if told is not None:
        after_commit(told)


def tell(call: Callable[..., object], *given: object) -> None:
    """Call one who hears of a commit. What it raises is logged, and is nobody's else: the write stands."""
    try:
        call(*given)
    except Exception as error:  # noqa: BLE001  who waits for the write must hear that it was done
        told = {"message": "Who was to hear of a commit failed", "exception": error}
        asyncio.get_running_loop().call_exception_handler(told)


def after_commit(call: Callable[[], None]) -> None:
    """Call something after the commit of the open transaction, or at once where none is open."""
    if _OPEN.get() is None:
        call()
    else:
        _LATER.get().append(call)
