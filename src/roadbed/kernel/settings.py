"""The table of settings: name, type, default, unit, bounds and help of everything that can be set.

``roadbed.kernel.settings_sources.load`` fills it. ``docs/reference/settings.md`` is written from it, so is the output
of ``roadbed config``. There is no settings object at module level: the composition root hands each room its part.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from roadbed.kernel.settings_values import KIB, MIB, mask, sqlite_file

PRODUCTION = "production"


class About(msgspec.Struct, frozen=True):
    """What a setting means. ``unit`` is ``s`` (seconds), ``bytes``, or empty; the bounds are inclusive."""

    help: str
    unit: str = ""
    least: float | None = None
    most: float | None = None
    secret: bool = False


class Setting(msgspec.Struct, frozen=True):
    """One row of the table. ``kind`` is str, int, float, bool, Path or tuple; ``choices`` is empty for most."""

    name: str
    section: str
    kind: type
    default: Any
    about: About
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"ROADBED_{self.name.upper()}"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings of one process. Printing one masks what is secret."""

    environment: Annotated[
        Literal["development", "production"],
        About("What the service is for. `development` is open, and on the loopback interface only."),
    ] = "development"
    domains: Annotated[
        tuple[str, ...], About("The domains to serve, by name or import path (`package.module:name`).")
    ] = ("ledger", "kv", "items", "vouchers", "telemetry")
    data: Annotated[Path, About("The directory of the embedded database.")] = Path("data")

    host: Annotated[str, About("The address to listen on.")] = "127.0.0.1"
    port: Annotated[int, About("The TCP port to listen on; 0 lets the system choose.", least=0, most=65535)] = 8000
    workers: Annotated[int, About("How many processes serve. One is enough up to a full core.", least=1, most=256)] = 1
    open_access: Annotated[
        bool,
        About(
            "Permits to serve without credentials in production, or on an address that other machines reach. "
            "Whoever reaches the service may then read and write everything."
        ),
    ] = False
    allowed_hosts: Annotated[
        tuple[str, ...],
        About(
            "The host names that requests may ask for, without scheme and port (`*.example.org` covers subdomains, `*` "
            "all). The address at which a connection came in always is: health probes ask for it. So are `localhost`, "
            "`127.0.0.1` and `[::1]` in development."
        ),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...], About("The origins whose pages may call the API, such as `https://app.example.org`.")
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...], About("Addresses or networks of proxies whose `X-Forwarded-For` and `-Proto` are believed.")
    ] = ()
    max_connections: Annotated[
        int, About("How many connections one process holds; more are turned away with 503.", least=1, most=1_000_000)
    ] = 1000
    backlog: Annotated[int, About("How many connections may wait to be accepted.", least=1, most=65535)] = 2048

    body_limit: Annotated[
        int, About("The largest request body, unless an operation sets its own.", "bytes", least=1024, most=1024 * MIB)
    ] = MIB
    url_limit: Annotated[
        int, About("The longest address of a request, its query included.", "bytes", least=256, most=MIB)
    ] = 16 * KIB
    head_limit: Annotated[
        int, About("The largest head of a request: its address and all header fields.", "bytes", least=1024, most=MIB)
    ] = 32 * KIB
    max_headers: Annotated[int, About("How many header fields a request may have.", least=10, most=10_000)] = 100
    head_timeout: Annotated[
        float, About("How long a client may take to send the head of a request.", "s", least=0.1, most=3600)
    ] = 10.0
    body_timeout: Annotated[
        float,
        About(
            "How long a client may take to send the body of a request, or the next part of a streamed one.",
            "s",
            least=0.1,
            most=3600,
        ),
    ] = 15.0
    request_timeout: Annotated[
        float, About("How long a request may take inside the service.", "s", least=0.1, most=3600)
    ] = 30.0
    keep_alive: Annotated[
        float, About("How long an idle connection is kept open for the next request.", "s", least=0, most=3600)
    ] = 60.0
    drain_timeout: Annotated[
        float, About("How long a shutdown waits for requests that are in flight.", "s", least=0, most=3600)
    ] = 20.0

    database_url: Annotated[
        str,
        About(
            "The database: `postgresql://user:password@host/name`, `sqlite:///relative/path` or "
            "`sqlite:////absolute/path`. Empty: SQLite, in the file `roadbed.db` of the data directory.",
            secret=True,
        ),
    ] = ""
    database_direct_url: Annotated[
        str,
        About(
            "A PostgreSQL URL that goes around a transaction pooler, for migrations, locks and LISTEN. "
            "Empty: the same as `database_url`.",
            secret=True,
        ),
    ] = ""
    database_wait: Annotated[
        float, About("How long a start waits for the database to be reachable.", "s", least=0, most=3600)
    ] = 5.0
    pool_size: Annotated[int, About("PostgreSQL connections of one process.", least=2, most=1000)] = 10
    pool_timeout: Annotated[
        float, About("How long a request waits for a free PostgreSQL connection.", "s", least=0.1, most=3600)
    ] = 5.0
    connect_timeout: Annotated[
        float, About("How long opening a PostgreSQL connection may take.", "s", least=0.1, most=3600)
    ] = 5.0
    sqlite_readers: Annotated[int, About("Threads that read from SQLite in one process.", least=1, most=64)] = 2
    flight_capacity: Annotated[
        int, About("How many requests at most share one statement or transaction.", least=1, most=10_000)
    ] = 256
    flight_queue: Annotated[
        int,
        About(
            "How many requests at most wait for each hot operation; more are turned away with 503.",
            least=1,
            most=1_000_000,
        ),
    ] = 4096
    statement_timeout: Annotated[float, About("How long one statement may run.", "s", least=0.1, most=3600)] = 10.0
    lock_timeout: Annotated[float, About("How long a statement waits for a lock.", "s", least=0.1, most=3600)] = 5.0
    transaction_timeout: Annotated[float, About("How long a transaction may stay open.", "s", least=0.1, most=3600)] = (
        5.0
    )
    change_log_age: Annotated[
        int,
        About(
            "How long changes are kept for those who watch: for that long a client may be away and go on where it was.",
            "s",
            least=60,
            most=315_360_000,
        ),
    ] = 604_800
    change_log_count: Annotated[
        int, About("How many changes of each kind of row are kept at most.", least=1000, most=1_000_000_000)
    ] = 1_000_000

    redis_url: Annotated[
        str,
        About(
            "A Redis in which replies are kept for all processes: `redis://:password@host:6379/0`. "
            "Empty: each process keeps its own.",
            secret=True,
        ),
    ] = ""
    cache_entries: Annotated[
        int, About("How many replies one process keeps at most; 0 keeps none.", least=0, most=10_000_000)
    ] = 10_000
    cache_bytes: Annotated[
        int,
        About("How much memory the replies that one process keeps may take.", "bytes", least=0, most=64 * 1024 * MIB),
    ] = 64 * MIB
    cache_ttl: Annotated[int, About("How long Redis keeps a reply.", "s", least=1, most=31_536_000)] = 3600

    service_name: Annotated[
        str, About("The name of this service among others, in logs, traces and reports of errors.")
    ] = "roadbed"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        About("How log lines look. `auto`: `console` for a terminal in development, else `json`."),
    ] = "auto"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], About("The lowest level to log.")] = "info"
    access_log_sample: Annotated[
        float, About("The share of requests that get an access line; replies from 500 on always do.", least=0, most=1)
    ] = 1.0
    metrics: Annotated[bool, About("Whether metrics are kept, and served at `/metrics`.")] = True
    statistics_every: Annotated[
        float,
        About(
            "How often each process writes its figures and failed requests into the database, for `/platform`, the "
            "console and `roadbed stats`; 0 writes none. They are kept for a day, then one row a minute for 30 days.",
            "s",
            least=0,
            most=3600,
        ),
    ] = 10.0
    figures_every: Annotated[
        float,
        About(
            "How often, about, one process reads what domains tell in figures (rows by status, balances …) for the "
            "metrics of all; 0 reads none. What takes long is read less often: a hundredth of the time at most.",
            "s",
            least=0,
            most=3600,
        ),
    ] = 30.0
    sentry_dsn: Annotated[
        str,
        About(
            "Where errors are reported to as issues: `https://key@host/project`, of Sentry or what speaks its "
            "protocol. Empty: nowhere. Needs the extra `sentry`.",
            secret=True,
        ),
    ] = ""

    otlp_endpoint: Annotated[
        str,
        About("The collector that traces go to (OTLP over HTTP), such as `http://127.0.0.1:4318`. Empty: no traces."),
    ] = ""
    otlp_headers: Annotated[
        str, About("Header fields that the collector wants, such as `api-key=…`; several by commas.", secret=True)
    ] = ""
    trace_sample: Annotated[
        float,
        About("The share of requests that are traced. Whose `traceparent` says so is, or is not.", least=0, most=1),
    ] = 0.01
    trace_queue: Annotated[
        int, About("How many spans wait for the collector at most; more are dropped.", least=64, most=1_000_000)
    ] = 8192

    def __repr__(self) -> str:
        """Return the settings that differ from their defaults, secrets masked."""
        shown = [
            f"{row.name}={mask(value) if row.about.secret else value!r}"
            for row in table()
            if (value := getattr(self, row.name)) != row.default
        ]
        return f"Settings({', '.join(shown)})"

    @property
    def dialect(self) -> Literal["sqlite", "postgres"]:
        """The engine that ``database_url`` chooses."""
        return "postgres" if self.database_url.startswith(("postgres://", "postgresql://")) else "sqlite"

    @property
    def sqlite_path(self) -> Path:
        """The database file of the SQLite engine.

        Raises:
            ValueError: ``database_url`` names none. Settings that were loaded do.
        """
        return Path(sqlite_file(self.database_url)) if self.database_url else self.data / "roadbed.db"

    @property
    def url(self) -> str:
        """The database URL, also where ``database_url`` is empty. Secret."""
        return self.database_url or f"sqlite:///{self.sqlite_path}"


_SECTIONS = {
    "environment": "Service",
    "host": "Listening",
    "body_limit": "Requests",
    "database_url": "Database",
    "redis_url": "Cache",
    "service_name": "Logs, metrics and errors",
    "otlp_endpoint": "Traces",
}


@functools.cache
def table() -> tuple[Setting, ...]:
    """Return all settings, in the order of their declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    rows: list[Setting] = []
    section = ""
    for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True):
        section = _SECTIONS.get(name, section)
        kind, about = get_args(hints[name])
        choices: tuple[str, ...] = get_args(kind) if get_origin(kind) is Literal else ()
        plain = str if choices else get_origin(kind) or kind
        rows.append(Setting(name, section, plain, default, about, choices))
    return tuple(rows)
