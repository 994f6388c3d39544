"""The migration child: ``python -m roadbed.data.migrations.child``, started by ``parent`` alone.

It reads one request from stdin and writes one reply to stdout; words for people go to stderr. It is a process of its
own because Alembic reaches SQLite through the standard library, and two SQLite libraries in one process that open the
same file lose acknowledged rows: closing a file drops every lock that the process holds on it (POSIX advisory locks).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable

import msgspec

from roadbed.data.migrations.protocol import Failure, Reply, Request
from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch, Unavailable


def main() -> int:
    """Answer one request; return the exit code: 0 done, 1 refused, 130 interrupted."""
    # A revision that prints must not disturb the reply: stdout becomes stderr for everything but it.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=Request)
    try:
        reply = _perform(request)
    except KeyboardInterrupt:
        return 130
    with answer:
        answer.write(msgspec.json.encode(reply))
    if reply.failure:
        sys.stderr.write(f"{reply.detail}\n")
    return 1 if reply.failure else 0


def _perform(request: Request) -> Reply:
    try:
        return _load_actions()(request)
    except RoadbedError as error:
        return Reply(failure=_kind(error), detail=error.detail)
    except Exception as error:  # noqa: BLE001 - whatever a revision or a driver raises must reach the parent in words
        from roadbed.data.migrations.causes import explain

        explained = explain(error)
        return Reply(failure=_kind(explained), detail=explained.detail)


def _load_actions() -> Callable[[Request], Reply]:
    """Import Alembic and what works with it, without what it would take along and we do not use.

    Its templates colour their tracebacks where pygments is installed, with lexers for a dozen languages. And all of
    these classes stay: to look for garbage among them, time and again while they are made, finds none.
    """
    gc.disable()
    absent = "pygments" not in sys.modules
    if absent:
        sys.modules["pygments"] = None  # pyright: ignore[reportArgumentType]
    try:
        from roadbed.data.migrations.actions import perform
    finally:
        if absent:
            del sys.modules["pygments"]
        gc.freeze()
        gc.enable()
    return perform


def _kind(error: RoadbedError) -> Failure:
    if isinstance(error, SchemaMismatch):
        return "mismatch"
    if isinstance(error, ConfigurationError):
        return "configuration"
    return "unavailable" if isinstance(error, Unavailable) else "mismatch"


if __name__ == "__main__":
    sys.exit(main())
