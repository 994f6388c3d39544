"""Sample data at the first start: who sits at a terminal is asked once, so that a new service has something to show.

The question comes before the database is made: who leaves at it (Ctrl-C) has answered nothing, leaves nothing, and is
asked again at the next start.

Samples are loaded before anything is served: it takes seconds, with a progress bar, and the first page is whole.
The port is taken already, so a browser that is too early waits, and is answered then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

from roadbed.cli.migrating import examine
from roadbed.cli.seeding import seed_and_tell
from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.resource.registry import load_domains, part_of

FIRST_REVISION = "platform_0001"
"""What runs in a database that was empty, and never again."""

QUESTION = "Load sample data? [Y/n] "
HINT = "none yet; `roadbed seed`, in another terminal, loads some into every domain"


def ask(settings: Settings, wanted: bool | None) -> bool | None:
    """Return whether samples are wanted.

    Where nobody has said (None), whoever sits at the terminal is asked: in development, and of a new database alone.
    """
    if wanted is not None or settings.environment == PRODUCTION or not (is_interactive() and _has_any(settings)):
        return wanted
    stored, _ = examine(settings)
    return None if stored else _says_yes()


def load_samples(settings: Settings, ran: Sequence[str], wanted: bool | None) -> str:
    """Load sample data if they are wanted and this start has made the database (``ran``).

    Returns what the banner says of them.
    """
    if FIRST_REVISION not in ran or not _has_any(settings):
        return ""
    if wanted:
        seed_and_tell(settings, (), None)
        return "loaded"
    return "" if settings.environment == PRODUCTION else HINT


def _has_any(settings: Settings) -> bool:
    return any(part_of(domain, "seeds") for domain in load_domains(settings.domains))


def is_interactive() -> bool:
    """Tell whether somebody reads standard output and can answer on standard input."""
    # Python has no file for what was closed before it began (`<&-`).
    streams: tuple[TextIO | None, ...] = (sys.stdin, sys.stdout)
    return all(each is not None and each.isatty() for each in streams) and _may_read(sys.stdin.fileno())


def _may_read(terminal: int) -> bool:
    """Tell whether a read is allowed: the system stops who reads the terminal from the background (POSIX, SIGTTIN)."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return True  # It controls no session: nobody is stopped.


def _says_yes() -> bool:
    try:
        answer = input(QUESTION)
    except EOFError:
        print()
        return False
    return answer.strip().lower() in ("", "y", "yes")
