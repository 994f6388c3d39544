"""How a command ends: exit codes, and the words that go with a failure. Imports nothing: every process loads it."""

from __future__ import annotations

import sys

DONE = 0
FAILED = 1
WRONG = 2
"""Exit codes: done; failed; wrong usage or configuration."""


def tell(message: str, code: int) -> int:
    """Write an error for people on standard error; return the exit code that goes with it."""
    if sys.stdout is not None:
        sys.stdout.flush()
    print(f"roadbed: {message}", file=sys.stderr, flush=True)
    return code
