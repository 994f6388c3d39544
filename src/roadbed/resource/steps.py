"""Steps: a write as a generator that asks for one statement at a time, and what drives it on either engine.

Whoever drives is inside a transaction: the writer thread of SQLite drives synchronously (``drive``), the event loop
asynchronously (``drive_async``).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from roadbed.data.database import Program, Run, Transaction
from roadbed.data.queries import Query
from roadbed.resource.declaration import Hook, Write


class Ask(NamedTuple):
    """One statement to run: ``verb`` is ``one`` (a row or None), ``all`` (rows) or ``do`` (rows changed)."""

    verb: str
    query: Query[Any]
    arguments: Mapping[str, Any]


class Call(NamedTuple):
    """A hook to call, inside the transaction."""

    hook: Hook
    write: Write[Any]


class Fly(NamedTuple):
    """A program to run for one item, inside the transaction."""

    program: Program
    item: Any


Steps = Generator[Ask | Call | Fly, Any, Any]
"""The steps of one write; it returns the row as it is stored then."""


def drive(run: Run, steps: Steps) -> Any:
    """Run the steps in the thread of a SQLite connection; return what they return. They call no hooks."""
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Call):
                raise TypeError("a hook needs a transaction of the event loop")
            if isinstance(step, Fly):
                answer = step.program.sqlite(run, [step.item])[0]
            elif step.verb == "one":
                answer = run.fetch_one(step.query, **step.arguments)
            elif step.verb == "do":
                answer = run.execute(step.query, **step.arguments)
            else:
                answer = run.fetch(step.query, **step.arguments)
    except StopIteration as end:
        return end.value


async def drive_async(run: Transaction, steps: Steps) -> Any:
    """Run the steps inside a transaction of the event loop; return what they return."""
    answer: Any = None
    try:
        while True:
            step = steps.send(answer)
            if isinstance(step, Call):
                answer = await step.hook(run, step.write)
            elif isinstance(step, Fly):
                answer = await run.fly(step.program, step.item)
            elif step.verb == "one":
                answer = await run.fetch_one(step.query, **step.arguments)
            elif step.verb == "do":
                answer = await run.execute(step.query, **step.arguments)
            else:
                answer = await run.fetch(step.query, **step.arguments)
    except StopIteration as end:
        return end.value
