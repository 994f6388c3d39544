"""How commands that serve speak: in words to people, in lines of the log to machines."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import roadbed
from roadbed.cli.outcome import tell
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import glance
from roadbed.runtime.last_words import is_for_people, say
from roadbed.runtime.log_lines import Origin

_SERVING = (["up"], ["serve"], ["migrate", "upgrade"])
"""Commands that run unwatched: as a container, under a supervisor."""

_SEEN = ("log_format", "environment", "service_name")


def listener_of(arguments: Sequence[str]) -> Origin | None:
    """Return the origin of the lines that a command writes for machines; None where it speaks to people.

    Settings may be what is wrong: a glance at the file and the environment has to do.
    """
    if not any(list(arguments[: len(each)]) == each for each in _SERVING):
        return None
    seen = glance(_SEEN)
    log_format, environment = seen.get("log_format", "auto"), seen.get("environment", "development")
    if is_for_people(log_format, environment, terminal=_is_watched()):
        return None
    return Origin(seen.get("service_name", "roadbed"), environment, roadbed.__version__)


def listener(settings: Settings) -> Origin | None:
    """Return the same where the settings are known."""
    people = is_for_people(settings.log_format, settings.environment, terminal=_is_watched())
    return None if people else Origin.of(settings)


def refuse(message: str, code: int, listener: Origin | None, problems: Sequence[str] = ()) -> int:
    """Say why a command fails; return its exit code."""
    if listener is None:
        return tell(message, code)
    # People get a list of many lines.
    fields: dict[str, Any] = {"problems": list(problems)} if len(problems) > 1 else {"detail": message}
    say("error", "The command failed", listener, exit_code=code, **fields)
    return code


def _is_watched() -> bool:
    # Python has no file for what was closed before it began (`2>&-`).
    return sys.stderr is not None and sys.stderr.isatty()
