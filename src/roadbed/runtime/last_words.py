"""What a process says where no log is open: before it serves, and what Python itself writes to standard error.

A shipper of logs takes lines of JSON; a traceback of twenty lines would be twenty events to it.
"""

from __future__ import annotations

import sys
import threading
import warnings
from typing import Any, TextIO

from roadbed.kernel.settings import PRODUCTION
from roadbed.runtime.log_lines import Origin, event_line, raised
from roadbed.runtime.log_output import STDERR, write_to

ENDED = "An unforeseen error ended the process"
THREAD_ENDED = "An unforeseen error ended a thread"
NOT_RAISED = "An error could not be raised"


def is_for_people(log_format: str, environment: str, *, terminal: bool) -> bool:
    """Tell whether what a start and a refusal say is for people.

    In development it is, unless ``json`` was asked for: who redirects a log to a file still reads why nothing starts.
    """
    if log_format == "auto":
        return terminal or environment != PRODUCTION
    return log_format == "console"


def say(level: str, event: str, origin: Origin, **fields: Any) -> None:
    """Write one line, in one piece: several processes share the stream."""
    try:
        write_to(STDERR)(event_line(level, event, origin, fields) + b"\n")
    except OSError:
        # Nobody reads any more, and there is no place left to say so.
        return


def speak_for_python(origin: Origin) -> None:
    """From now on write as lines of the log: uncaught errors, of threads too, errors in destructors, and warnings."""

    def uncaught(_kind: type[BaseException], error: BaseException, _traceback: object) -> None:
        say("critical", ENDED, origin, exception=raised(error))

    def in_a_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread is not None else ""
            say("error", THREAD_ENDED, origin, exception=raised(args.exc_value), detail=name)

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        fields = {"exception": raised(args.exc_value)} if args.exc_value is not None else {}
        say("error", NOT_RAISED, origin, detail=args.err_msg or "", **fields)

    def warning(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        _file: TextIO | None = None,
        _line: str | None = None,
    ) -> None:
        place = f"{filename}:{lineno}"
        say("warning", str(message), origin, logger="py.warnings", kind=category.__name__, detail=place)

    sys.excepthook = uncaught
    threading.excepthook = in_a_thread
    sys.unraisablehook = unraisable
    warnings.showwarning = warning
