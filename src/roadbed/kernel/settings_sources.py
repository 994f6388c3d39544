"""Where settings come from: ``roadbed.toml``, then the environment, then flags. The later source wins.

Whatever is wrong is found at once and said together: a person mends a file in one go.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Setting, Settings, table
from roadbed.kernel.settings_values import (
    dsn_problem,
    endpoint_problem,
    header_fields,
    host_problem,
    mask,
    read,
    show,
    sqlite_file,
)

FILE = "roadbed.toml"
FILE_VARIABLE = "ROADBED_CONFIG"
PREFIX = "ROADBED_"
IN_A_FILE = "_FILE"
"""``ROADBED_REDIS_URL_FILE`` names a file that holds the value of ``ROADBED_REDIS_URL``, as containers get secrets."""

LONGEST_FILE = 64 * 1024
"""Bytes that such a file may hold."""

SHORTEST_TICK = 0.1
"""Seconds between two writes of figures, at least, where any are written."""

_Given = tuple[Setting, object, str]
"""A row of the table, the raw value for it, and the source that holds it."""


class Loaded(msgspec.Struct, frozen=True):
    """Effective settings, and for each name the source it came from (``default``, a file, a variable or a flag)."""

    settings: Settings
    sources: dict[str, str]

    @classmethod
    def of(cls, settings: Settings, sources: Mapping[str, str] | None = None) -> Loaded:
        """Return settings with their sources; who made them without any has set what differs from its default."""
        if sources is not None:
            return cls(settings, dict(sources))
        return cls(
            settings,
            {row.name: "default" if getattr(settings, row.name) == row.default else "program" for row in table()},
        )

    def shown(self) -> Iterator[tuple[Setting, str, str]]:
        """Yield each row of the table with its value for people, secrets masked, and its source."""
        for row in table():
            value = getattr(self.settings, row.name)
            yield row, mask(value) if row.about.secret else show(value, row.about.unit), self.sources[row.name]

    def plain(self, row: Setting) -> object:
        """Return a value for programs: in its own type (times in seconds, sizes in bytes), secrets masked."""
        return plain(row, getattr(self.settings, row.name))


def plain(row: Setting, value: Any) -> object:
    """Return a value of a setting for programs: a number, a flag, a list or a text; what is secret is masked."""
    if row.about.secret:
        return mask(value)
    return value if row.kind in (int, float, bool, tuple) else str(value)


def load(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Loaded:
    """Read all sources. ``flags`` maps names to values, ``None`` where a flag was not given.

    ``environ`` defaults to the environment of the process, ``folder`` (where ``roadbed.toml`` may lie) to the working
    directory. A variable that is set but empty counts as not given, as files for Compose often leave one. A variable
    with ``_FILE`` at its end names a file that holds the value.

    Raises:
        ConfigurationError: one problem per wrong or unknown setting, from all sources.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    given = [
        *_from_file(environ, folder or Path(), problems),
        *_from_environment(environ, problems),
        *_from_flags(flags or {}),
    ]
    values: dict[str, Any] = {}
    sources = {row.name: "default" for row in table()}
    for row, raw, source in given:
        try:
            values[row.name] = checked(row, raw)
        except ValueError as error:
            problems.append(f"{source}: {_quoted(row, raw)}: {error}")
        sources[row.name] = source
    settings = Settings(**values)
    problems.extend(_disagreements(settings, sources))
    if problems:
        raise ConfigurationError(problems=problems)
    return Loaded(settings, sources)


def checked(row: Setting, raw: object) -> Any:
    """Return a raw value in the type of its setting, within its bounds.

    Raises:
        ValueError: wrong type, outside the bounds or not one of the choices.
    """
    value = read(raw, row.kind, row.about.unit)
    if row.choices and value not in row.choices:
        raise ValueError(f"one of {', '.join(row.choices)} is expected{_nearest(value, row.choices)}")
    least, most = row.about.least, row.about.most
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(f"{bounds(row)} is expected")
    return value


def bounds(row: Setting) -> str:
    """Return the bounds of a setting for people: ``0.1 s to 3600 s``, or an empty text."""
    least, most = row.about.least, row.about.most
    if least is None or most is None:
        return ""
    return f"{show(least, row.about.unit)} to {show(most, row.about.unit)}"


def _from_file(environ: Mapping[str, str], folder: Path, problems: list[str]) -> Iterator[_Given]:
    named = environ.get(FILE_VARIABLE, "")
    path = Path(named) if named else folder / FILE
    if not named and not path.exists():
        return
    import tomllib  # only where there is a file: a start is to be quick

    source = named or FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{source}: cannot be read: {error.strerror}")
        return
    except ValueError as error:  # also what is not UTF-8
        problems.append(f"{source}: is not valid TOML: {error}")
        return
    rows = {row.name: row for row in table()}
    for name, value in content.items():
        if name in rows:
            yield rows[name], value, f"{source}: {name}"
        else:
            problems.append(f"{source}: {name} is not a setting{_nearest(name, rows)}")


def glance(
    names: Sequence[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> dict[str, str]:
    """Return what some settings are said to be, unchecked, without raising: for who must speak before they are loaded.

    Names that no source has are left out. Flags are not looked at.
    """
    environ = os.environ if environ is None else environ
    ignored: list[str] = []
    found = {row.name: str(raw) for row, raw, _ in _from_file(environ, folder or Path(), ignored) if row.name in names}
    for name in names:
        if value := environ.get(f"{PREFIX}{name.upper()}", "").strip():
            found[name] = value
    return found


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[_Given]:
    rows = {row.variable: row for row in table()}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable == FILE_VARIABLE:
            continue
        plain_one = variable.removesuffix(IN_A_FILE)
        if variable in rows:
            if value.strip():
                yield rows[variable], value, variable
        elif plain_one not in rows:
            problems.append(f"{variable} is not a setting{_nearest_variable(variable, [*rows, FILE_VARIABLE])}")
        elif value.strip() and environ.get(plain_one, "").strip():
            problems.append(f"{variable}: {plain_one} is set too; set one of them")
        elif value.strip():
            try:
                yield rows[plain_one], _content(Path(value)), variable
            except ValueError as error:
                problems.append(f"{variable}: {value}: {error}")


def _content(path: Path) -> str:
    """Return the value that a file holds, without the blanks and line ends around it.

    Raises:
        ValueError: it cannot be read, is empty, too large or no text; the message says which. It never quotes the file.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if len(raw) > LONGEST_FILE:
        raise ValueError(f"holds more than {show(LONGEST_FILE, 'bytes')}")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("is no UTF-8 text") from None
    if not text:
        raise ValueError("is empty")
    return text


def _from_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    rows = {row.name: row for row in table()}
    for name, value in flags.items():
        if value is not None:
            yield rows[name], value, f"--{name.replace('_', '-')}"


def _disagreements(settings: Settings, sources: Mapping[str, str]) -> Iterator[str]:
    """Yield what no single value shows to be wrong."""
    url, direct = settings.database_url, settings.database_direct_url
    schemes = ("sqlite:///", "postgresql://", "postgres://")
    if url and not url.startswith(schemes):
        scheme = url.partition(":")[0]
        near = _nearest(scheme, [known.partition(":")[0] for known in schemes])
        yield f"{sources['database_url']}: {mask(url)}: sqlite:/// or postgresql:// is expected{near}"
    elif settings.dialect == "sqlite":
        try:
            sqlite_file(settings.url)
        except ValueError as error:
            yield f"{sources['database_url' if url else 'data']}: {mask(settings.url)}: {error}"
    if direct and not direct.startswith(schemes[1:]):
        yield f"{sources['database_direct_url']}: {mask(direct)}: postgresql:// is expected"
    elif direct and settings.dialect != "postgres":
        yield f"{sources['database_direct_url']}: goes with a PostgreSQL database_url only"
    if settings.redis_url and not settings.redis_url.startswith(("redis://", "rediss://", "unix://")):
        yield f"{sources['redis_url']}: {mask(settings.redis_url)}: redis:// is expected"
    if settings.sentry_dsn and (problem := dsn_problem(settings.sentry_dsn)):
        yield f"{sources['sentry_dsn']}: {mask(settings.sentry_dsn)}: {problem}"
    yield from _disagreements_of_traces(settings, sources)
    for host in settings.allowed_hosts:
        if problem := host_problem(host):
            yield f"{sources['allowed_hosts']}: {host!r}: {problem}"
    if 0 < settings.statistics_every < SHORTEST_TICK:
        expected = f"0 s, or {SHORTEST_TICK:g} s to 3600 s is expected"
        yield f"{sources['statistics_every']}: {settings.statistics_every:g} s: {expected}"
    if not settings.domains:
        yield f"{sources['domains']}: at least one domain is expected"


def _disagreements_of_traces(settings: Settings, sources: Mapping[str, str]) -> Iterator[str]:
    if settings.otlp_endpoint and (problem := endpoint_problem(settings.otlp_endpoint)):
        yield f"{sources['otlp_endpoint']}: {mask(settings.otlp_endpoint)}: {problem}"
    try:
        header_fields(settings.otlp_headers)
    except ValueError as error:
        yield f"{sources['otlp_headers']}: ***: {error}"


def _quoted(row: Setting, raw: object) -> str:
    if row.about.secret:
        return mask(raw) if isinstance(raw, str) else "***"
    return repr(str(raw) if isinstance(raw, Path) else raw)


def _nearest_variable(variable: str, known: list[str]) -> str:
    # The prefix that all share would make any two alike.
    hint = _nearest(variable.removeprefix(PREFIX), [name.removeprefix(PREFIX) for name in known])
    return hint.replace("did you mean ", f"did you mean {PREFIX}")


def _nearest(name: object, known: Mapping[str, Any] | list[str] | tuple[str, ...]) -> str:
    import difflib  # only where something is wrong

    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
