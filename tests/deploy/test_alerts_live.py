"""Faults that are made for real reach whoever is on call, and so does their end.

The rules and the routes are those that are shipped, but for their times: all are shortened by the same factor, so that
what takes minutes takes seconds, and windows stay to each other as they are.
"""

import http.client
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import Alertmanager, Prometheus, Receiver, receiving
from tests.deploy.test_rules import MONITORING, NAMES, ROOT, RULES
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.redis import RedisServer
from tests.support.service import Service, running_service
from tests.support.waiting import PATIENCE, wait_until

FASTER = 40
"""An hour becomes a minute and a half, five minutes seven seconds and a half."""

SCRAPE = "500ms"
CROWD = 8
"""Clients that meet a fault together: what they meet is soon the larger part of all requests."""

ALERT_WEBHOOK = ROOT / "deploy" / "compose" / "alert-webhook"

_SECONDS = {"s": 1, "m": 60, "h": 3600}
# Behind a bracket (a window), or behind a key (`for: 5m`).
_TIME = re.compile(r"(?:(?<=\[)|(?<=: ))(\d+)([smh])\b")


def shorter(found: re.Match[str]) -> str:
    """Return a time of a rule or of a route, ``FASTER`` times shorter."""
    return f"{int(found[1]) * _SECONDS[found[2]] * 1000 // FASTER}ms"


class Clients:
    """One client that always writes and reads a little, and a crowd that comes when it is called."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def _live(self, over: threading.Event, pause: float) -> None:
        while not over.wait(pause):
            for method, body in (("POST", json.dumps({"name": "one more"})), ("GET", None)):
                self._ask(method, body)

    def _ask(self, method: str, body: str | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._service.port, timeout=PATIENCE)
        # Whatever is answered, or not: what the alerts say of it is what counts here.
        with closing(connection), suppress(OSError, http.client.HTTPException):
            connection.request(method, "/items", body, {"Content-Type": "application/json"} if body else {})
            connection.getresponse().read()

    @contextmanager
    def coming(self, count: int, pause: float) -> Iterator[None]:
        """Let some clients come, for a while."""
        over = threading.Event()
        threads = [threading.Thread(target=self._live, args=(over, pause)) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()


class Watched:
    """A service on PostgreSQL and Redis, with who watches it."""

    def __init__(self, clients: Clients, receiver: Receiver, postgres: PostgresServer, redis: RedisServer) -> None:
        self.clients = clients
        self.receiver = receiver
        self.postgres = postgres
        self.redis = redis

    def sql(self, statement: str) -> None:
        self.postgres.sql(statement, "test_1")

    def tells_of(self, name: str, make: Callable[[], object], mend: Callable[[], object]) -> dict[str, Any]:
        """Make a fault until its alert arrives, mend it, and wait until its end arrives; return the alert."""
        assert self.receiver.of(name, "firing") == []
        make()
        try:
            with self.clients.coming(CROWD, 0.05):
                wait_until(lambda: self.receiver.of(name, "firing"), f"{name} arrives", PATIENCE)
        finally:
            since = len(self.receiver.heard)
            mend()
        wait_until(lambda: self.receiver.of(name, "resolved", since), f"the end of {name} arrives", PATIENCE)
        return self.receiver.of(name, "firing")[0]


def prometheus_settings(folder: Path, service: Service, alertmanager: Alertmanager) -> dict[str, Any]:
    """Return the settings that are shipped, with shorter times, for what is there."""
    rules = folder / "rules"
    rules.mkdir()
    for name in NAMES:
        (rules / name).write_text(_TIME.sub(shorter, (RULES / name).read_text()))
    settings = yaml.safe_load((MONITORING / "prometheus" / "prometheus.yml").read_text())
    settings["global"] |= {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE, "scrape_timeout": SCRAPE}
    settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alertmanager.port}"]
    (ours,) = [each for each in settings["scrape_configs"] if each["job_name"] == "roadbed"]
    ours["static_configs"][0]["targets"] = [f"127.0.0.1:{service.port}"]
    return settings | {"scrape_configs": [ours], "rule_files": [f"{rules}/*.yaml"]}


def alertmanager_settings(folder: Path, receiver: Receiver) -> dict[str, Any]:
    """Return the settings that an operator makes of those that are shipped, with shorter times."""
    subprocess.run([ALERT_WEBHOOK, receiver.url, folder / "alerting"], check=True, timeout=PATIENCE)
    return yaml.safe_load(_TIME.sub(shorter, (folder / "alerting" / "alertmanager.yml").read_text()))


@contextmanager
def alerting(folder: Path, service: Service, receiver: Receiver) -> Iterator[None]:
    """Let Prometheus watch a service, and Alertmanager tell the receiver."""
    with ExitStack() as stack:
        alertmanager = Alertmanager(folder, alertmanager_settings(folder, receiver))
        stack.callback(alertmanager.process.kill)
        prometheus = Prometheus(folder, prometheus_settings(folder, service, alertmanager))
        stack.callback(prometheus.process.kill)
        alertmanager.wait()
        prometheus.wait()
        yield


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.kill)
        env = {"ROADBED_REDIS_URL": redis.url, "ROADBED_DOMAINS": "items"}
        url = postgres.create_database()
        service = stack.enter_context(running_service(folder / "service", database_url=url, env=env))
        receiver = stack.enter_context(receiving())
        stack.enter_context(alerting(folder, service, receiver))
        clients = Clients(service)
        stack.enter_context(clients.coming(1, 0.1))
        wait_until(lambda: receiver.of("RoadbedWatchdog", "firing"), "the watchdog arrives", PATIENCE)
        yield Watched(clients, receiver, postgres, redis)


def test_a_database_that_is_slow(watched: Watched) -> None:
    """Every write of an item takes 0.4 s, and no request fails.

    This comes first: after many quick requests it takes as long until the slow ones are a share that counts.
    """

    def slow() -> None:
        watched.sql(
            "CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$"
        )
        watched.sql("CREATE TRIGGER slow BEFORE INSERT ON items FOR EACH STATEMENT EXECUTE FUNCTION take_long()")

    alert = watched.tells_of("RoadbedSlowFast", slow, lambda: watched.sql("DROP TRIGGER slow ON items"))
    assert alert["annotations"]["runbook_url"].endswith("/latency.md")
    assert watched.receiver.of("RoadbedErrorsFast", "firing") == []


def test_redis_that_is_gone_and_comes_back(watched: Watched) -> None:
    alert = watched.tells_of("RoadbedCacheDown", watched.redis.kill, watched.redis.start)
    assert (alert["labels"]["severity"], alert["labels"]["job"]) == ("ticket", "roadbed")
    # An address that somebody can open, not a template.
    assert alert["annotations"]["runbook_url"] == "https://runbooks.example.org/cache.md"


def test_a_burst_of_errors(watched: Watched) -> None:
    """The database is killed: every request that needs it fails."""

    def kill() -> None:
        watched.postgres.stop("immediate")

    alert = watched.tells_of("RoadbedErrorsFast", kill, watched.postgres.start)
    assert alert["annotations"]["runbook_url"].endswith("/availability.md")
    assert re.fullmatch(r"[\d.]+% of requests fail: .*", alert["annotations"]["summary"])
    # The cause is told too, by the rule that knows it.
    (cause, *_) = watched.receiver.of("RoadbedDatabaseDown", "firing")
    assert "(connection)" in cause["annotations"]["summary"]


def test_all_times_are_shorter_and_none_else_is_changed() -> None:
    text = (RULES / "service.yaml").read_text()
    made = _TIME.sub(shorter, text)
    assert ("[2m]" in made, "[3000ms]" in made, "for: 3000ms" in made) == (False, True, True)
    slo = _TIME.sub(shorter, (RULES / "slo.yaml").read_text())
    assert "record: job:roadbed_errors:ratio_rate1h\n        expr: (sum by" in slo
    assert "[90000ms]" in slo
    for name in NAMES:
        left = re.findall(r"(?:\[|: )\d+[smh]\b", _TIME.sub(shorter, (RULES / name).read_text()))
        assert left == []
