"""Writes docs/reference from the code, and figures into README: `make docs`. A test proves both to be current."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from typer.main import get_command

from docs import speed
from roadbed.cli.commands import app
from roadbed.http.problems import status_of
from roadbed.kernel.errors import ConfigurationError, RoadbedError
from roadbed.kernel.settings import Setting
from roadbed.kernel.settings import table as settings_table
from roadbed.kernel.settings_values import show
from roadbed.resource.figures import measures_of
from roadbed.resource.registry import SHIPPED, load_domains
from roadbed.runtime.log_lines import AccessLine, EventLine
from roadbed.runtime.measures import LOOKED, MEASURES, Measure

SETTINGS_WORDS = """\
Later ones win: the default, `roadbed.toml`, the environment variable, the flag. `roadbed config` prints what is in
force, and where each value comes from. Bounds are inclusive; a value beyond them is refused at start.

`roadbed.toml` lies in the folder from which `roadbed` is started; `ROADBED_CONFIG` names another file. Settings stand
at its top level, without sections:

```toml
environment = "production"          # one of the choices
domains = ["ledger"]                # a list; in the environment separated by commas: ledger,shop.domain:domain
data = "/var/lib/roadbed"           # a path; a relative one begins where `roadbed` is started
allowed_hosts = ["api.example.org", "*.shop.example"]
open_access = true                  # true or false; in the environment also yes and no, on and off, 1 and 0
workers = 2                         # an integer
body_limit = "2 MiB"                # a size: bytes as a number, or text with B, KiB, MiB, GiB, kB, MB, GB
request_timeout = "1 min"           # a duration: seconds as a number, or text with ms, s, min, h
keep_alive = 7.5
access_log_sample = 0.1             # a number
log_level = "warning"
```

The same in the environment: `ROADBED_BODY_LIMIT="2 MiB"`, `ROADBED_REQUEST_TIMEOUT=60`. A variable that is set but
empty counts as not set. A name that is no setting is refused, in the file and in the environment.

A variable with `_FILE` at its end names a file that holds the value, as containers are given secrets:
`ROADBED_DATABASE_URL_FILE=/run/secrets/database_url`. Blanks and line ends around the value do not count. The file is
read once, at start. To set both, the variable and its file, is refused.
"""
METRICS_WORDS = """\
What `/metrics` serves, in Prometheus' format. A scrape of one worker is of its moment. With several, one scrape shows
all of them together: counters and histograms are summed, those of workers that are gone included. What the other
workers add, gauges too, is then up to one second late: each puts its figures down once a second.
"""
LOOKED_WORDS = """\
## Read from the database

About every `figures_every`, never on a request's path, one process at a time asks the database what domains tell in
figures, and all processes of the service tell the same. So take `max` of these over instances, not `sum`. A look that
takes long is repeated less often: it has a hundredth of the time at most. Every resource with statuses tells its rows
by status; a domain may declare figures of its own ([how](../extending.md#figures)).
"""
PROBLEMS_WORDS = """\
Every failure is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem, `application/problem+json`. Its `type`
is `urn:roadbed:problem:` and the kind; `instance` is the `X-Request-Id` of the reply, which the log has too; `trace_id`
is there where the request [belongs to a trace](../traces.md); `errors` names every field that is wrong, or whose value
is taken, by JSON pointer for the body, by `query:`, `path:` or `header:` and a name for the rest. Where the kind is
`conflict`, an operation may name a closer one in its stead (`balance-floor`).
"""
COMMANDS_WORDS = """\
In a clone `roadbed` is `.venv/bin/roadbed`, which `make run` and `make setup` install. Exit codes: 0 done, 1 failed,
2 wrong usage or configuration. Every command takes `--help`; `roadbed --version` prints the version.
"""

LOGS_WORDS = """\
What [logs](../logs.md) consist of where they are for machines: one JSON object a line, UTF-8, at most 16,000 bytes. A
field that says nothing is left out, but for those that are always there. The same as a JSON Schema:
[logs.schema.json](logs.schema.json).
"""

REFERENCE = Path(__file__).resolve().parent / "reference"
README = REFERENCE.parent.parent / "README.md"
NOTICE = "<!-- Written by `make docs` from {source}: change that, not this page. -->\n"


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    README.write_text(speed.with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")


def settings_page() -> str:
    """Return the page of all settings, in their sections."""
    rows = settings_table()
    parts = [
        NOTICE.format(source="src/roadbed/kernel/settings.py"),
        "# Settings\n",
        SETTINGS_WORDS,
    ]
    for section in dict.fromkeys(row.section for row in rows):
        parts.append(f"## {section}\n")
        cells = (_setting_cells(row) for row in rows if row.section == section)
        parts.append(_table(("setting", "default", "values", "meaning"), cells))
    return "\n".join(parts)


def metrics_page() -> str:
    """Return the page of all metrics at `/metrics`: those that every service has, then those of each domain."""
    parts = [
        NOTICE.format(source="src/roadbed/runtime/measures.py and the domains"),
        "# Metrics\n",
        METRICS_WORDS,
        _measures(MEASURES),
        LOOKED_WORDS,
        _measures(LOOKED),
    ]
    for domain in load_domains(list(SHIPPED)):
        declared = measures_of(domain.figures)
        if declared:
            parts += [f"## Of the domain `{domain.name}`\n", _measures(declared)]
    return "\n".join(parts)


def _measures(rows: Iterable[Measure]) -> str:
    cells = (
        (f"`{row.name}`", row.kind, ", ".join(f"`{label}`" for label in row.labels), row.help + _across(row))
        for row in rows
    )
    return _table(("metric", "kind", "labels", "meaning"), cells)


def commands_page() -> str:
    """Return the page of all commands and their options."""
    parts = [
        NOTICE.format(source="src/roadbed/cli/commands.py"),
        "# Commands\n",
        COMMANDS_WORDS,
    ]
    for name, command in _commands("roadbed", get_command(app)):
        parts.append(f"## `{name}`\n\n{command.help}\n")
        options = [parameter for parameter in command.params if parameter.name != "help"]
        if options:
            cells = ((f"`{_spelled(option)}`", option.help) for option in options)
            parts.append(_table(("option", "meaning"), cells))
    return "\n".join(parts)


def problems_page() -> str:
    """Return the page of all problems that a reply may carry."""
    kinds = sorted(_failures(RoadbedError), key=lambda kind: (status_of(kind), kind.slug))
    cells = ((f"`{kind.slug}`", str(status_of(kind)), f"{kind.title}.", _first_line(kind)) for kind in kinds)
    return "\n".join(
        [
            NOTICE.format(source="src/roadbed/kernel/errors.py"),
            "# Problems\n",
            PROBLEMS_WORDS,
            _table(("kind", "status", "title", "meaning"), cells),
        ]
    )


def logs_schema() -> str:
    """Return the JSON Schema of a log line for machines."""
    (access, event), parts = msgspec.json.schema_components((AccessLine, EventLine), ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A log line of Roadbed",
        "description": "Written by `make docs` from src/roadbed/runtime/log_lines.py: change that, not this file.",
        # An event of this name is a request, and nothing else is.
        "if": {"properties": {"event": {"const": "request"}, "logger": False}},
        "then": access,
        "else": event,
        "$defs": parts,
    }
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def logs_page() -> str:
    """Return the page of all fields of log lines."""
    parts = [NOTICE.format(source="src/roadbed/runtime/log_lines.py"), "# Fields of log lines\n", LOGS_WORDS]
    for title, line in (("A request (`event` is `request`)", AccessLine), ("Anything else", EventLine)):
        _, defs = msgspec.json.schema_components((line,))
        rows: dict[str, Any] = defs[line.__name__]
        cells = (
            (f"`{name}`", "always" if name in rows["required"] else "", _field_type(row), row.get("description", ""))
            for name, row in rows["properties"].items()
        )
        parts.append(f"## {title}\n")
        parts.append(_table(("field", "there", "type", "meaning"), cells))
    return "\n".join(parts)


def _field_type(row: dict[str, Any]) -> str:
    if "enum" in row:
        return ", ".join(f"`{value}`" for value in row["enum"])
    kinds = [each for each in row.get("anyOf", [row]) if each.get("type") != "null"]
    return "object" if "$ref" in kinds[0] else str(kinds[0]["type"])


def _failures(kind: type[RoadbedError]) -> Iterator[type[RoadbedError]]:
    """Yield every kind that a reply can carry: what is wrong with the configuration never gets as far."""
    if not issubclass(kind, ConfigurationError):
        yield kind
        for child in kind.__subclasses__():
            yield from _failures(child)


def _first_line(kind: type[RoadbedError]) -> str:
    if kind is RoadbedError:
        return "Nobody foresaw it. Its cause is in the log, under the `instance`."
    return (kind.__doc__ or "").strip().split("\n\n", 1)[0].replace("\n    ", " ").replace("``", "`")


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield full name and command of everything that can be run; a group only groups."""
    inner: dict[str, Any] | None = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for word, each in inner.items():
            yield from _commands(f"{name} {word}", each)


def _spelled(option: Any) -> str:
    """Return an option as one writes it; an argument is its placeholder alone."""
    if option.param_type_name == "argument":
        return option.metavar or option.name.upper()
    return f"{option.opts[0]} {option.metavar or ''}".rstrip()


def _setting_cells(row: Setting) -> tuple[str, str, str, str]:
    default = "" if row.default in ("", None, ()) else f"`{show(row.default, row.about.unit)}`"
    secret = " Secret: never printed, never logged." if row.about.secret else ""
    return f"`{row.name}`<br>`{row.variable}`", default, _values(row), row.about.help + secret


def _values(row: Setting) -> str:
    if row.choices:
        return ", ".join(f"`{choice}`" for choice in row.choices)
    about = row.about
    kind = {int: "integer", float: "number", bool: "`true` or `false`", tuple: "list", Path: "path"}.get(
        row.kind, "text"
    )
    bounds = [
        f"{word} {show(bound, about.unit)}"
        for word, bound in (("from", about.least), ("to", about.most))
        if bound is not None
    ]
    return " ".join([{"s": "duration", "bytes": "size"}.get(about.unit, kind), *bounds])


def _across(row: Measure) -> str:
    return " Of several workers, the largest." if row.across == "max" and row in MEASURES else ""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped, lest it end the cell."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "logs.md": logs_page,
    "logs.schema.json": logs_schema,
    "metrics.md": metrics_page,
    "problems.md": problems_page,
    "settings.md": settings_page,
}

if __name__ == "__main__":
    main()
