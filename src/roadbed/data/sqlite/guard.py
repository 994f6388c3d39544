"""One SQLite library per process and file.

When stdlib ``sqlite3`` opens and closes a file that apsw holds, its POSIX locks vanish with the close, the write-ahead
log is deleted beneath the other library, and acknowledged rows are lost (https://sqlite.org/howtocorrupt.html, 2.2.1).
So a serving process refuses to open its own file with ``sqlite3``.
"""

from __future__ import annotations

import os
import sys

_guarded: set[str] = set()
_installed = False


def guard(path: str) -> None:
    """From now on ``sqlite3.connect`` of this file raises ``RuntimeError`` in this process, by whatever name."""
    global _installed
    _guarded.add(os.path.realpath(path))
    if not _installed:
        _installed = True
        sys.addaudithook(_refuse)


def release(path: str) -> None:
    """Lift the guard: the file is closed."""
    _guarded.discard(os.path.realpath(path))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event != "sqlite3.connect" or not _guarded:
        return
    name = arguments[0]
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    text = str(name)
    if text.startswith("file:"):
        text = text[5:].partition("?")[0]
        text = text[2:].partition("/")[1] + text[2:].partition("/")[2] if text.startswith("//") else text
    if os.path.realpath(text) in _guarded:
        raise RuntimeError(
            f"{text} is open through apsw in this process: a second SQLite library would lose acknowledged writes"
        )
