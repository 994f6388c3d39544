"""What a report of an error says: of chosen parts alone, none of which a caller's data can get into.

An error's words may quote values (``Key (email)=(…) already exists``, ``invalid literal for int(): …``). They are left
out unless the program itself holds them, word for word, as a constant; the whole of it is in the log, by its
request id. Of errors of databases there are the code and the name of the constraint. Frames have no variables, no
source and no folders of this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import CodeType, TracebackType
from typing import Any

import msgspec

from roadbed.kernel.errors import ConfigurationError, RoadbedError

FRAMES = 100
"""Frames of one traceback, the innermost ones."""

CAUSES = 10
"""Errors of one chain: the one that was seen, and what led to it."""

_SQLITE = re.compile(r"(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: [\w.]+(?:, [\w.]+)*)?")
_NAMES = ("schema_name", "table_name", "column_name", "constraint_name", "data_type_name")


class Report(msgspec.Struct, frozen=True):
    """An error that somebody should look at.

    ``together`` makes one issue of all reports that have it in common; without it those of the same place are one.
    """

    kind: str
    title: str
    error: BaseException | None
    tags: Mapping[str, str]
    level: str = "error"
    together: tuple[str, ...] = ()


def report_of(report: Report) -> dict[str, Any]:
    """Return an event as Sentry takes it (https://develop.sentry.dev/sdk/data-model/event-payloads/)."""
    event: dict[str, Any] = {
        "level": report.level,
        "logger": f"roadbed.{report.kind}",
        "transaction": report.title,
        "tags": dict(report.tags),
    }
    if report.error is None:
        event["message"] = report.title
    else:
        # Causes first, as Sentry wants them.
        event["exception"] = {"values": [_value(error) for error in reversed(list(_chain(report.error)))]}
    if report.together:
        event["fingerprint"] = list(report.together)
    return event


def last_place(error: BaseException | None) -> tuple[str, ...]:
    """Return the type of an error and where it was raised: what two of a kind have in common."""
    if error is None:
        return ()
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = "" if traceback is None else f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}"
    return type(error).__qualname__, place


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(seen) < CAUSES:
        seen.add(id(following))
        yield following
        hidden = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or hidden


def _value(error: BaseException) -> dict[str, Any]:
    value: dict[str, Any] = {
        "type": type(error).__qualname__,
        "module": type(error).__module__,
        "value": harmless_words(error),
    }
    if frames := list(_frames(error.__traceback__)):
        value["stacktrace"] = {"frames": frames[-FRAMES:]}
    return value


def _frames(traceback: TracebackType | None) -> Iterator[dict[str, Any]]:
    while traceback is not None:
        code, module = traceback.tb_frame.f_code, str(traceback.tb_frame.f_globals.get("__name__", ""))
        yield {
            "module": module,
            "function": code.co_qualname,
            # The frames that apsw adds for its C code are of no module: they name one of its sources.
            "filename": f"{module.replace('.', '/')}.py" if module else PurePath(code.co_filename).name,
            "lineno": traceback.tb_lineno,
            "in_app": module.partition(".")[0] == "roadbed" or bool(module and not _is_library(code.co_filename)),
        }
        traceback = traceback.tb_next


def _is_library(path: str) -> bool:
    return "site-packages" in path or "/lib/python" in path or path.startswith("<")


def harmless_words(error: BaseException) -> str:
    """Return what can be said of an error without a value of anybody's."""
    if isinstance(error, ConfigurationError):
        return error.detail  # of the operator's own doing, passwords masked
    if isinstance(error, RoadbedError):
        return f"{error.slug}: {error.title}"
    if state := getattr(error, "sqlstate", None):
        names = [f"{name.removesuffix('_name')} {value}" for name in _NAMES if (value := getattr(error, name, None))]
        return ", ".join((f"SQLSTATE {state}", *names))
    if (code := getattr(error, "extendedresult", None)) is not None:
        constraint = _SQLITE.search(str(error))
        return f"SQLite {code}: {constraint[0]}" if constraint else f"SQLite {code}"
    if isinstance(error, OSError) and error.errno:
        return f"[Errno {error.errno}] {os.strerror(error.errno)}"  # the system's words, and no file name
    return _own_words(error)


def _own_words(error: BaseException) -> str:
    """Return the words of an error where the code that raised it holds them as a constant."""
    words = error.args[0] if error.args and isinstance(error.args[0], str) else ""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if words and str(error) == words and traceback is not None and _holds(traceback.tb_frame.f_code, words):
        return words
    return "(its words are in the log)"


def _holds(code: CodeType, words: str) -> bool:
    return any(constant == words for constant in code.co_consts if isinstance(constant, str))
