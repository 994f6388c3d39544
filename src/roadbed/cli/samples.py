"""Sample data at the first start: who sits at a terminal is asked once, so that a new service has something to show.

They are loaded before anything is served: it takes seconds, with a progress bar, and the first page is whole.
The port is taken already, so a browser that is too early waits, and is answered then.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

from roadbed.cli.seeding import seed_and_tell
from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.resource.registry import load_domains, part_of

FIRST_REVISION = "platform_0001"
"""What runs in a database that was empty, and never again."""

QUESTION = "Load sample data? [Y/n] "
HINT = "none yet; `roadbed seed`, in another terminal, loads some into every domain"


def load_samples(settings: Settings, ran: Sequence[str], wanted: bool | None) -> str:
    """Load sample data where this start has made the database (``ran``); return what the banner says of them.

    ``wanted`` is None where nobody has said: then whoever sits at the terminal is asked, in development alone.
    """
    if FIRST_REVISION not in ran or not any(part_of(domain, "seeds") for domain in load_domains(settings.domains)):
        return ""
    is_development = settings.environment != PRODUCTION
    if wanted is None:
        wanted = is_development and is_interactive() and _says_yes()
    if wanted:
        seed_and_tell(settings, (), None)
        return "loaded"
    return HINT if is_development else ""


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
