"""A real Prometheus scrapes real services on both engines under a mixed load: every query shown has an answer."""

import http.client
import json
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
import yaml

from roadbed.resource.registry import SHIPPED, load_domains
from tests.deploy.prometheus import Prometheus
from tests.deploy.test_dashboards import FOLDER
from tests.deploy.test_rules import NAMES, RULES
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.prepared import Prepared
from tests.support.process import ServerProcess
from tests.support.programs import find_program
from tests.support.service import Service, running_service
from tests.support.waiting import PATIENCE, WaitedTooLongError, wait_until

# What cannot answer here, and why.
WITHOUT_AN_ANSWER = {
    "RoadbedShedding": "nothing is turned away under this load: the metric has no series before",
    "RoadbedDatabaseDown": "the database does not fail here; pg_up is of the postgres exporter",
    "RoadbedDatabaseLocked": "nobody else holds the lock here (test_lock_alert_live does): no series before",
    "RoadbedReplicationLag": "pg_replication_lag is of the postgres exporter, and there is no replica",
    "RoadbedCertificateExpires": "probe_ssl_earliest_cert_expiry is of a blackbox exporter, and there is no proxy",
}
SOON = 30.0
"""Seconds in which a query has an answer, at the latest."""

EVERY = 1.0
"""Seconds from one use of all domains to the next, as from one scrape to the next."""

LOOKED = "roadbed_look_timestamp_seconds"
LOOKS = sum(len(domain.looks()) for domain in load_domains(list(SHIPPED)))

COMPARISON = re.compile(r"\s(?:[<>]=?|==)\s[\d.]+(?: \* [\d.]+)?")


def call(service: Service, method: str, path: str, body: Any = None) -> Any:
    """Send a request as JSON; return the decoded answer, whatever its status."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {} if body is None else {"Content-Type": "application/json"})
        answer = connection.getresponse().read()
        return json.loads(answer) if answer[:1] in {b"{", b"["} else None
    finally:
        connection.close()


def use_all_domains(service: Service) -> None:
    """Write and read something in every domain, some of it wrong."""
    account = str(uuid4())
    call(service, "POST", "/transactions", {"account_id": account, "amount": 100})
    call(service, "POST", "/transactions", {"account_id": account, "amount": "much"})
    call(service, "GET", f"/accounts/{account}")
    call(service, "PUT", f"/kv/{account}", {"value": 1})
    call(service, "GET", f"/kv/{account}")
    call(service, "GET", "/kv/missing")
    item = call(service, "POST", "/items", {"name": "first"})
    for _ in range(2):
        call(service, "GET", "/items")
        call(service, "GET", f"/items/{item['id']}")
    template = call(service, "GET", "/vouchers/templates")[0]
    bought, _ = (call(service, "POST", "/vouchers", {"template_id": template["id"], "buyer": "Ada"}) for _ in range(2))
    call(service, "POST", "/vouchers/redeem", {"code": bought["code"]})
    call(service, "POST", "/vouchers/redeem", {"code": bought["code"]})
    call(service, "PUT", "/assets/1", {"latitude": 1.0, "longitude": 2.0, "description": "UW"})
    signal = {"signal_gid": str(uuid4()), "signal_name": "S", "asset_id": 1, "unit": "kV"}
    call(service, "PUT", "/signals/1", signal)
    call(service, "GET", "/signals/1")
    row = {"signal_id": 1, "timestamp": "2026-01-01T00:00:00Z", "value": time.monotonic()}
    call(service, "POST", "/measurements", [row, {**row, "signal_id": 2}])
    call(service, "GET", "/measurements/last")


def use_again_and_again(services: Sequence[Service], stop: Event) -> None:
    """Use all domains of each service until ``stop`` is set."""
    while not stop.wait(EVERY):
        for service in services:
            use_all_domains(service)


def settings(jobs: dict[str, list[str]]) -> dict[str, Any]:
    """Return settings that scrape once a second and evaluate the rules that are shipped."""
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES / "*.yaml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()
        ],
    }


@pytest.fixture(scope="module")
def prometheus(
    postgres_server: PostgresServer, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """One that sees load on both engines, for as long as it is asked, and this machine."""
    folder = tmp_path_factory.mktemp("monitored")
    url = prepared.on(postgres_server)
    prepared.embedded(folder / "sqlite")
    node = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        stack.callback(postgres_server.drop_database, url)
        # What is read from the database for all comes once a second too.
        env = {"ROADBED_FIGURES_EVERY": "1"}
        small = stack.enter_context(running_service(folder / "sqlite", env=env))
        large = stack.enter_context(running_service(folder / "postgres", database_url=url, env=env))
        command = [find_program("prometheus-node-exporter"), f"--web.listen-address={node}"]
        stack.callback(ServerProcess(command, folder / "node.log").kill)
        targets = [f"127.0.0.1:{service.port}" for service in (small, large)]
        server = Prometheus(folder, settings({"roadbed": targets, "node": [node]}))
        stack.callback(server.process.kill)
        server.wait()
        load = stack.enter_context(ThreadPoolExecutor(1)).submit(use_again_and_again, (small, large), stop := Event())
        stack.callback(stop.set)
        wait_until(lambda: bool(server.ask("job:roadbed_slow:ratio_rate5m")), "rules have run", PATIENCE)
        wait_until(lambda: len(server.ask(LOOKED)) == 2 * LOOKS, "figures were read from both databases", PATIENCE)
        yield server
        stop.set()
        load.result(PATIENCE)


def answered(prometheus: Prometheus, expression: str) -> bool:
    """Say whether an expression has an answer, now or soon."""
    try:
        wait_until(lambda: bool(prometheus.ask(expression)), expression, SOON, pause=0.5)
    except WaitedTooLongError:
        return False
    return True


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_every_panel_has_an_answer(prometheus: Prometheus, path: Path) -> None:
    panels = json.loads(path.read_text())["panels"]
    asked = [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]
    plain = {
        (title, shown): shown.replace("$__rate_interval", "30s").replace("$instance", ".+") for title, shown in asked
    }
    assert plain
    # A rate needs two scrapes, and those of a busy machine may come late.
    silent = [shown for shown, expression in plain.items() if not answered(prometheus, expression)]
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_an_answer(prometheus: Prometheus, name: str) -> None:
    """Without its comparison: an alert that is quiet answers nothing, and that is as it should be."""
    rules = [rule for group in yaml.safe_load((RULES / name).read_text())["groups"] for rule in group["rules"]]
    asked = {rule.get("alert") or rule["record"]: COMPARISON.sub("", rule["expr"]) for rule in rules}
    assert [one for one in asked.keys() - WITHOUT_AN_ANSWER if not answered(prometheus, asked[one])] == []
    assert [one for one in asked.keys() & WITHOUT_AN_ANSWER if prometheus.ask(asked[one])] == []


def test_both_engines_are_scraped_and_the_watchdog_fires(prometheus: Prometheus) -> None:
    engines = {one["metric"]["engine"] for one in prometheus.ask("roadbed_build_info")}
    firing = {one["metric"]["alertname"] for one in prometheus.ask('ALERTS{alertstate="firing"}')}
    assert engines == {"sqlite", "postgres"}
    # On a machine that is busy requests may be slow, and the alerts about that fire too.
    assert "RoadbedWatchdog" in firing
