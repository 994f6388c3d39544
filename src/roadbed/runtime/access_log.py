"""Access lines: one encoded struct per request. On every request's path, so measured and kept small."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import gmtime, strftime, time

import msgspec

from roadbed.kernel.events import RequestFinished
from roadbed.runtime.log_lines import AccessLine, Origin

PATH_SHOWN = 512
"""Characters of a path that a line shows at most."""

SERVER_ERROR = 500

_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}


class Timestamps:
    """Formats the present time as RFC 3339 with milliseconds.

    What did not change since the last call is not made again: neither the text of a millisecond, nor that of a second.
    """

    def __init__(self, pattern: str = "%Y-%m-%dT%H:%M:%S", suffix: str = "Z", now: Callable[[], float] = time) -> None:
        self._pattern = pattern
        self._suffix = suffix
        self._now = now
        self._second = -1
        self._prefix = ""
        self._instant = -1
        self._text = ""

    def __call__(self) -> str:
        """Return the present time."""
        instant = int(self._now() * 1000)
        if instant != self._instant:
            second, milliseconds = divmod(instant, 1000)
            if second != self._second:
                self._prefix = strftime(self._pattern, gmtime(second))
                self._second = second
            self._text = f"{self._prefix}.{milliseconds:03d}{self._suffix}"
            self._instant = instant
        return self._text


def access_log(
    line: Callable[[bytes], None],
    origin: Origin,
    *,
    sample: float = 1.0,
    errors_only: bool = False,
    console: bool = False,
    colours: bool = False,
    chance: Callable[[], float] = random.random,
) -> Callable[[RequestFinished], None]:
    """Return a subscriber that writes an access line per request to ``line``; ``origin`` is named in each.

    ``sample`` is the share of requests that get one; replies from 500 on always do, and are the only ones with
    ``errors_only``. ``console`` writes for people instead of JSON.
    """
    write = _console(line, colours=colours) if console else _json(line, origin)
    if errors_only:
        sample = 0.0
    if sample >= 1.0:
        return write

    def sampled(event: RequestFinished) -> None:
        if event.status >= SERVER_ERROR or chance() < sample:
            write(event)

    return sampled


def _json(line: Callable[[bytes], None], origin: Origin) -> Callable[[RequestFinished], None]:
    encode = msgspec.json.Encoder().encode
    now = Timestamps()
    service, env, version = origin.service, origin.env, origin.version

    def write(event: RequestFinished) -> None:
        status = event.status
        line(
            encode(
                AccessLine(
                    now(),
                    "info" if status < SERVER_ERROR else "error",
                    "request",
                    service,
                    env,
                    version,
                    event.request_id,
                    event.method,
                    event.route,
                    event.path[:PATH_SHOWN],
                    status,
                    int(event.duration * 1_000_000) / 1000,
                    event.client,
                    event.size,
                    event.problem,
                    event.trace_id,
                    event.cache,
                    event.span_id,
                )
            )
        )

    return write


def _console(line: Callable[[bytes], None], *, colours: bool) -> Callable[[RequestFinished], None]:
    now = Timestamps("%H:%M:%S", "")

    def write(event: RequestFinished) -> None:
        status = str(event.status)
        if colours:
            status = f"\x1b[{_COLOURS.get(event.status // 100, '0')}m{status}\x1b[0m"
        # A path may hold anything, also what moves the cursor of a terminal.
        path = "".join(c if c.isprintable() else "?" for c in event.path[:PATH_SHOWN])
        problem = f" {event.problem}" if event.problem else f" cache {event.cache}" if event.cache else ""
        text = f"{now()} {event.method:<6} {path} {status} {event.duration * 1000:.1f} ms{problem} {event.request_id}"
        line(text.encode())

    return write
