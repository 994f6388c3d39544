"""Application logs: structlog in front of the one log stream, JSON for machines or lines for people.

What libraries log through ``logging`` (uvicorn, asyncio) takes the same way. ``log_lines`` has the form of a line.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, cast

import msgspec

from roadbed.kernel.settings import PRODUCTION, Settings
from roadbed.kernel.spans import current
from roadbed.runtime.log_lines import Origin, event_line, raised
from roadbed.runtime.log_output import LogOutput

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Logs(msgspec.Struct, frozen=True):
    """An open log: ``logger`` for what happens, ``output`` for access lines; ``origin`` is named in each."""

    logger: FilteringBoundLogger
    output: LogOutput
    origin: Origin
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
    origin = Origin.of(settings)
    output = output or LogOutput(told=_dropped_console if console else _Dropped(origin))
    level = LEVELS[settings.log_level]
    logger = _logger(output, level, origin, console=console, colours=console and watched)
    _adopt_logging(logger, level)
    return Logs(logger, output, origin, console, console and watched)


def _logger(output: LogOutput, level: int, origin: Origin, *, console: bool, colours: bool) -> FilteringBoundLogger:
    structlog = _structlog()
    processors: list[Processor] = [structlog.processors.add_log_level, _name_trace]
    if console:
        renderer = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback, pad_event_to=40
        )
        processors += [structlog.processors.TimeStamper("%H:%M:%S", utc=True), renderer, _encoded]
    else:
        processors.append(_Json(origin))
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


class _Json:
    """The last processor of structlog: an event as a line of the schema."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> bytes:
        fields = dict(event)
        error = _error_of(fields.pop("exc_info", None))
        if error is not None:
            fields["exception"] = raised(error)
        return event_line(fields.pop("level"), str(fields.pop("event")), self._origin, fields)


def _error_of(given: Any) -> BaseException | None:
    """Return the error that a caller means: itself, the tuple of ``sys.exc_info``, or True for the present one."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return cast("tuple[Any, BaseException | None, Any]", given)[1]
    return sys.exc_info()[1] if given else None


def _name_trace(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say to which span a line belongs, where it was written on behalf of one."""
    span = current()
    if span is not None:
        event.setdefault("trace_id", span.trace_hex)
        event.setdefault("span_id", span.span_hex)
    return event


def _encoded(_logger: Any, _name: str, text: Any) -> bytes:
    return str(text).encode(errors="backslashreplace")


class _Dropped:
    def __init__(self, origin: Origin) -> None:
        self._origin = origin

    def __call__(self, count: int) -> bytes:
        return event_line("warning", "Log lines were dropped", self._origin, {"count": count})


def _dropped_console(count: int) -> bytes:
    return b"%d log lines were dropped: nobody read them in time" % count


class _ToStructlog(logging.Handler):
    """Hands on what libraries log."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._target = logger

    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info if record.exc_info and record.exc_info[0] else None
        # A library may have levels of its own, which structlog does not know.
        level = max((known for known in _KNOWN if known <= record.levelno), default=logging.DEBUG)
        self._target.log(level, _message(record), logger=record.name, exc_info=exception)


_KNOWN = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library whose words do not fit its arguments; they say more than nothing
        return str(record.msg)


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
