"""The composition root: all parts together in one process, asked through ASGI."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

import roadbed
from roadbed import app as module
from roadbed.app import Application, build, describe, http_options
from roadbed.cli.migrating import migrate_if_behind
from roadbed.http import console
from roadbed.http.compiler import compile_groups
from roadbed.http.connections import STATE_KEY
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch, Unavailable
from roadbed.kernel.settings import Settings
from roadbed.runtime.lifecycle import STOP_SIGNALS


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data=tmp_path_factory.mktemp("app"), log_level="error", domains=("ledger", "kv"))
    migrate_if_behind(msgspec.structs.replace(settings, domains=("ledger", "kv", "vouchers")))
    return settings


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Application]]:
    application = build(settings)
    async with application.running({}):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client, application


async def test_an_api_client_gets_a_description(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        reply = await client.get("/")
    assert (reply.status_code, reply.headers["vary"], reply.json()) == (
        200,
        "Accept",
        {
            "name": "Roadbed",
            "version": roadbed.__version__,
            "domains": {"ledger": "Ledger", "kv": "Key-value store"},
            "links": {
                "documentation": "/docs",
                "openapi": "/openapi.json",
                "resources": "/resources.json",
                "health": "/health/ready",
                "metrics": "/metrics",
            },
        },
    )


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("domains", "path", "page"),
    [
        (("ledger", "kv"), "/", "/console/"),
        (("kv",), "/", "/console/kv"),
        (("vouchers",), "/", "/vouchers/"),
        (("ledger", "kv"), "/ledger", "/console/ledger"),
        (("ledger", "kv"), "/kv", "/console/kv"),
        (("ledger", "kv"), "/kv/", "/console/kv"),
    ],
)
async def test_a_browser_is_led_to_a_page(migrated: Settings, domains: tuple[str, ...], path: str, page: str) -> None:
    async with served(msgspec.structs.replace(migrated, domains=domains)) as (client, _):
        reply = await client.get(path, headers=BROWSER)
    assert (reply.status_code, reply.headers["location"], reply.headers["vary"]) == (302, page, "Accept")


async def test_the_console_or_how_to_get_it_is_there(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        reply = await client.get("/console/", headers=BROWSER)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"


def test_no_domain_can_take_the_place_of_the_console() -> None:
    squatting: Operations[None] = Operations("squatting", "Takes what is not its own")

    @squatting.get("/console", page=True)
    async def page(call: Any) -> None: ...

    with pytest.raises(ConfigurationError, match="/console"):
        compile_groups([(console.operations, None), (squatting, None)], HttpOptions())


async def test_every_link_leads_somewhere(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        links = (await client.get("/")).json()["links"]
        statuses = {name: (await client.get(path)).status_code for name, path in links.items()}
    assert statuses == dict.fromkeys(links, 200)


async def test_alive(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        reply = await client.get("/health/live")
    assert (reply.status_code, reply.json(), reply.headers["cache-control"]) == (200, {"status": "ok"}, "no-store")


async def test_ready(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        reply = await client.get("/health/ready")
    found = reply.json()
    states = {name: component["state"] for name, component in found["components"].items()}
    assert (reply.status_code, found["status"], states) == (200, "ready", {"database": "ok", "schema": "ok"})


async def test_draining_is_not_ready_but_alive(migrated: Settings) -> None:
    async with served(migrated) as (client, application):
        application._readiness.drain()
        replies = await client.get("/health/ready"), await client.get("/health/live")
    assert ([reply.status_code for reply in replies], replies[0].json()) == (
        [503, 200],
        {"status": "draining", "components": {}},
    )


async def test_a_schema_that_does_not_fit_is_not_ready(migrated: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(migrated) as (client, _):
        monkeypatch.setattr(module, "schema_state", lambda *_: msgspec.defstruct("State", [("kind", str)])("behind"))
        reply = await client.get("/health/ready")
    schema = reply.json()["components"]["schema"]
    assert (reply.status_code, schema["state"], schema["detail"]) == (503, "failed", "behind")


async def test_metrics_count_what_was_asked(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        for _ in range(3):
            await client.get("/ping")
        await client.get("/no/such/path")
        reply = await client.get("/metrics")
    lines = reply.text.splitlines()
    assert (
        reply.headers["content-type"],
        'roadbed_http_requests_total{method="GET",route="/ping",status="200"} 3.0' in lines,
    ) == (
        "text/plain; version=0.0.4; charset=utf-8",
        True,
    )
    assert 'roadbed_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in lines


async def test_metrics_can_be_switched_off(migrated: Settings) -> None:
    async with served(msgspec.structs.replace(migrated, metrics=False)) as (client, _):
        reply, links = await client.get("/metrics"), (await client.get("/")).json()["links"]
    assert (reply.status_code, "metrics" in links) == (404, False)


async def test_a_domain_works(migrated: Settings) -> None:
    account = "0198c0de-1111-7222-8333-444455556666"
    async with served(migrated) as (client, _):
        created = await client.post("/transactions", json={"account_id": account, "amount": 5})
        balance = await client.get(f"/accounts/{account}")
    assert (created.status_code, balance.json()["balance"]) == (201, created.json()["balance"])


async def test_what_is_written_is_there_after_a_restart(migrated: Settings) -> None:
    async with served(migrated) as (client, _):
        created = (await client.post("/transactions", json={"account_id": ACCOUNT, "amount": 7})).json()
    async with served(migrated) as (client, _):
        found = (await client.get(f"/transactions/{created['transaction_id']}")).json()
    assert found == created


ACCOUNT = "0198c0de-2222-7222-8333-444455556666"


async def test_the_server_gets_the_register_of_connections(migrated: Settings) -> None:
    shared: dict[str, Any] = {}
    async with build(migrated).running(shared) as edge:
        assert shared == {STATE_KEY: edge.connections}


async def test_the_start_is_announced_once_it_serves(migrated: Settings) -> None:
    announced: list[str] = []
    application = Application(migrated, lambda: announced.append("now"))
    before = list(announced)
    async with application.running({}):
        during = list(announced)
    assert (before, during) == ([], ["now"])


async def test_the_log_tells_of_start_and_stop(migrated: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        async with build(msgspec.structs.replace(migrated, log_level="info")).running({}):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    told = [msgspec.json.decode(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert told == ["Serving", "Stopping", "Stopped"]


async def test_the_lifespan_is_spoken(migrated: Settings) -> None:
    application, sent = build(migrated), list[str]()
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(messages)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await application({"type": "lifespan"}, receive, send)
    assert (sent, application.failure) == (["lifespan.startup.complete", "lifespan.shutdown.complete"], None)


async def test_a_request_before_the_start_is_a_mistake(migrated: Settings) -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError

    with pytest.raises(RuntimeError, match="before the start"):
        await build(migrated)({"type": "http"}, nothing, nothing)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"domains": ("ledgr",)}, ConfigurationError, "did you mean ledger"),
        ({"data": Path("nowhere")}, ConfigurationError, "nowhere"),
        ({"database_url": "postgresql://127.0.0.1:1/x"}, Unavailable, "does not answer"),
    ],
)
async def test_a_start_that_fails_closes_what_it_opened(
    migrated: Settings, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    settings = msgspec.structs.replace(migrated, database_wait=0.0, **change)
    with pytest.raises(error, match=words):
        async with build(settings).running({}):
            pass


async def test_an_empty_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="roadbed migrate upgrade"):
        async with build(Settings(data=tmp_path, log_level="error")).running({}):
            pass


def test_the_settings_reach_the_http_room() -> None:
    settings = Settings(
        body_limit=2048,
        url_limit=300,
        head_limit=3000,
        max_headers=30,
        request_timeout=1.0,
        body_timeout=2.0,
        head_timeout=3.0,
        keep_alive=4.0,
        drain_timeout=5.0,
        max_connections=6,
        cors_origins=("https://app.example.org",),
    )
    assert http_options(settings) == HttpOptions(
        allowed_hosts=("localhost", "127.0.0.1", "[::1]"),
        cors_origins=("https://app.example.org",),
        body_limit=2048,
        url_limit=300,
        head_limit=3000,
        max_headers=30,
        request_timeout=1.0,
        body_timeout=2.0,
        head_timeout=3.0,
        keep_alive=4.0,
        max_connections=6,
        version=roadbed.__version__,
    )


def test_production_asks_for_its_hosts() -> None:
    options = http_options(Settings(environment="production", allowed_hosts=("api.example.org",)))
    assert options.allowed_hosts == ("api.example.org",)


def test_domains_that_claim_one_path_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (ledger,) = module.load_domains(("ledger",))
    operations: Operations[Any] = Operations("twin", "The same again")
    assert ledger.operations is not None
    operations.get("/ping")(ledger.operations.declared[0].function)
    twin = msgspec.structs.replace(ledger, name="twin", operations=operations)
    monkeypatch.setattr(module, "load_domains", lambda _: [ledger, twin])
    with pytest.raises(ConfigurationError, match="is taken by"):
        describe(Settings())
