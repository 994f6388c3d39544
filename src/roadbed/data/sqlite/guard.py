"""One SQLite library per process and file.

When stdlib ``sqlite3`` opens and closes a file that apsw holds, its POSIX locks vanish with the close, the write-ahead
log is deleted beneath the other library, and acknowledged rows are lost (https://sqlite.org/howtocorrupt.html, 2.2.1).
So a serving process refuses to open its own file with ``sqlite3``.

Python tells of ``sqlite3.connect`` alone: an ``ATTACH`` on a connection to some other file stays unseen. What that
does is noticed when the next write is committed, because then the log is gone.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

_open: Counter[str] = Counter()
_lock = Lock()
_installed = False


def guard(path: str) -> None:
    """From now on ``sqlite3.connect`` of this file raises ``RuntimeError`` in this process, by whatever name."""
    global _installed  # noqa: PLW0603  an audit hook can never be taken away again, so there must be one only
    with _lock:
        _open[os.path.realpath(path)] += 1
        if not _installed:
            _installed = True
            sys.addaudithook(_refuse)


def release(path: str) -> None:
    """Take back one ``guard``: when all are taken back, the file may be opened again."""
    with _lock:
        _open.subtract([os.path.realpath(path)])


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event != "sqlite3.connect":
        return
    guarded = [path for path, times in _open.items() if times > 0]
    for name in _names(arguments[0]) if guarded else ():
        if any(_same(name, path) for path in guarded):
            raise RuntimeError(
                f"{name} is open through apsw in this process: a second SQLite library would lose acknowledged writes"
            )


def _names(database: object) -> list[str]:
    """Return the file names that an argument of ``sqlite3.connect`` may mean, as a path and as a URI."""
    if not isinstance(database, (str, bytes, os.PathLike)):
        return []
    text = os.fsdecode(database)  # pyright: ignore[reportUnknownArgumentType]
    if not text.startswith("file:"):
        return [text]
    path = text[5:].partition("#")[0].partition("?")[0]
    if path.startswith("//"):
        path = "/" + path[2:].partition("/")[2]
    return [text, unquote(path)]


def _same(name: str, path: str) -> bool:
    try:
        return Path(name).samefile(path)
    except (OSError, ValueError):
        return os.path.realpath(name) == path
