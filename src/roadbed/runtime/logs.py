"""Application logs: structlog in front of the one log stream, JSON for machines or lines for people.

What libraries log through ``logging`` (uvicorn, asyncio) takes the same way.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.kernel.spans import current
from roadbed.runtime.log_output import LogOutput

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Logs(msgspec.Struct, frozen=True):
    """An open log: ``logger`` for what happens, ``output`` for access lines."""

    logger: FilteringBoundLogger
    output: LogOutput
    console: bool
    colours: bool

    def close(self) -> None:
        """Write what is left. Later lines are written at once."""
        self.output.close()


def wants_console(settings: Settings, *, terminal: bool) -> bool:
    """Tell whether log lines are for people: as set, or in development when somebody watches."""
    if settings.log_format == "auto":
        return terminal and settings.environment != PRODUCTION
    return settings.log_format == "console"


def open_logs(settings: Settings, output: LogOutput | None = None, *, terminal: bool | None = None) -> Logs:
    """Make the log of this process. Only the composition root calls it."""
    watched = sys.stderr.isatty() if terminal is None else terminal
    console = wants_console(settings, terminal=watched)
    output = output or LogOutput(told=_dropped_console if console else _dropped_json)
    level = LEVELS[settings.log_level]
    logger = _logger(output, level, console=console, colours=console and watched)
    _adopt_logging(logger, level)
    return Logs(logger, output, console, console and watched)


def _logger(output: LogOutput, level: int, *, console: bool, colours: bool) -> FilteringBoundLogger:
    structlog = _structlog()
    processors: list[Processor] = [structlog.processors.add_log_level, _name_trace]
    if console:
        renderer = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback, pad_event_to=40
        )
        processors += [structlog.processors.TimeStamper("%H:%M:%S", utc=True), renderer, _encoded]
    else:
        processors += [
            structlog.processors.TimeStamper("iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _json,
        ]
    return structlog.wrap_logger(
        _Writer(output),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _structlog() -> Any:
    """Import structlog without rich.

    It takes rich along wherever that is installed, for tracebacks that we do not use: 0.1 s and 9 MB of every start.
    """
    if "rich" in sys.modules:
        import structlog

        return structlog
    sys.modules["rich"] = None  # pyright: ignore[reportArgumentType]
    try:
        import structlog
    finally:
        del sys.modules["rich"]
    return structlog


class _Writer:
    """What structlog calls with a rendered line, whatever its level."""

    def __init__(self, output: LogOutput) -> None:
        self.msg = output.line

    def __getattr__(self, name: str) -> Any:
        return self.msg


_encode_json = msgspec.json.Encoder(enc_hook=str).encode


def _json(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> bytes:
    first = {"time": event.pop("time"), "level": event.pop("level"), "event": event.pop("event")}
    return _encode_json(first | dict(event))


def _name_trace(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say to which span a line belongs, where it was written on behalf of one."""
    span = current()
    if span is not None:
        event.setdefault("trace_id", span.trace_hex)
        event.setdefault("span_id", span.span_hex)
    return event


def _encoded(_logger: Any, _name: str, text: Any) -> bytes:
    return str(text).encode(errors="backslashreplace")


def _dropped_json(count: int) -> bytes:
    return _encode_json({"level": "warning", "event": "Log lines were dropped", "count": count})


def _dropped_console(count: int) -> bytes:
    return b"%d log lines were dropped: nobody read them in time" % count


class _ToStructlog(logging.Handler):
    """Hands on what libraries log."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._target = logger

    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info if record.exc_info and record.exc_info[0] else None
        self._target.log(record.levelno, record.getMessage(), logger=record.name, exc_info=exception)


def _unsaid(record: logging.LogRecord) -> bool:
    """Drop uvicorn's remarks on a failed start: the command line says the reason in one sentence."""
    return not str(record.msg).startswith(("Application startup failed", "Application shutdown failed"))


def _adopt_logging(logger: FilteringBoundLogger, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ToStructlog(logger)]
    root.setLevel(max(level, logging.INFO))
    server = logging.getLogger("uvicorn.error")
    # Its tale of every start and stop is told better by ours.
    server.setLevel(logging.WARNING)
    server.handlers.clear()
    server.filters[:] = [_unsaid]
