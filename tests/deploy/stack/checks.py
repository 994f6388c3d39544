"""What the stack promises, asked of one that runs. `make test-stack` runs this; `make test` does not, by its name."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.contract.test_schemathesis import SEED, explore
from tests.deploy.stack.engine import IMAGE, LASTING, PATIENCE, Stack, run
from tests.deploy.stack.payments import Payments
from tests.support.waiting import wait_until

TOOLS = ("gcc", "cc", "make", "pip", "pip3", "node", "npm", "git")
STORES = ("postgres:5432", "redis:6379")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    started = Stack()
    try:
        started.up()
        yield started
    finally:
        started.down()


def test_all_of_it_is_well_at_the_first_start(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    size = int(run(["docker", "image", "inspect", "-f", "{{.Size}}", IMAGE]))
    with capsys.disabled():
        print(f"\nthe stack was well after {stack.started_in:.1f} s; the image has {size / 1e6:.0f} MB with its base")
    assert [service for service in LASTING if not stack.is_well(service)] == []
    assert stack.compose("ps", "-q", "migrate").strip() != ""
    assert stack.facts("migrate")["State"]["ExitCode"] == 0


def test_the_service_answers_through_the_proxy_over_https(stack: Stack) -> None:
    assert stack.ask("GET", "/ping") == {"status": "ok"}
    account = str(uuid4())
    payment = {"account_id": account, "amount": 1250, "transaction_id": str(uuid4())}
    assert stack.ask("POST", "/transactions", payment) == stack.ask("POST", "/transactions", payment)
    assert stack.ask("GET", f"/accounts/{account}")["balance"] == 1250


def test_nobody_else_is_taken_for_the_proxy(stack: Stack) -> None:
    strange = ssl.create_default_context(cafile=None)
    with pytest.raises(OSError, match="certificate"):
        urlopen(f"{stack.url}/ping", timeout=10, context=strange)


def test_metrics_are_for_those_inside(stack: Stack) -> None:
    with pytest.raises(HTTPError) as refused:
        stack.ask("GET", "/metrics")
    refused.value.close()
    assert refused.value.code == 404


def test_the_contract_holds_through_the_proxy(stack: Stack, tmp_path: Path) -> None:
    authority = tmp_path / "authority.crt"
    authority.write_text(stack.authority)
    more = ("--tls-verify", str(authority), "--exclude-path", "/metrics", "--phases", "examples,coverage,fuzzing")
    code, printed = explore(f"{stack.url}/openapi.json", tmp_path, SEED, 4, *more)
    assert code == 0, printed


def test_sample_data_is_one_command(stack: Stack) -> None:
    assert "telemetry" in stack.compose("run", "--rm", "api", "roadbed", "seed")
    assert stack.ask("GET", "/items") != []


def test_prometheus_reaches_all_that_it_watches(stack: Stack) -> None:
    def up() -> dict[str, str]:
        address = f"http://127.0.0.1:{stack.prometheus}/api/v1/query?query=up"
        with urlopen(address, timeout=10) as reply:
            result = json.load(reply)["data"]["result"]
        return {each["metric"]["job"]: each["value"][1] for each in result}

    wanted = dict.fromkeys(("api", "proxy", "node", "postgres", "redis", "alertmanager"), "1")
    wait_until(lambda: up() == wanted, "all targets up", PATIENCE)


@pytest.mark.parametrize("service", ["prometheus", "alertmanager", "node-exporter", "proxy"])
def test_stores_are_out_of_reach(stack: Stack, service: str) -> None:
    by_address = [f"{stack.address('postgres', 'application')}:5432", f"{stack.address('redis', 'application')}:6379"]
    assert stack.reached(service, [*STORES, *by_address]) == set()


def test_monitoring_reaches_what_it_is_to_reach(stack: Stack) -> None:
    """Were the probe blind, what is out of reach would say nothing."""
    targets = ["api:8000", "postgres-exporter:9187", "redis-exporter:9121", "node-exporter:9100", "alertmanager:9093"]
    assert stack.reached("prometheus", targets) == set(targets)


@pytest.mark.parametrize("service", ["api", "postgres-exporter", "redis-exporter"])
def test_who_works_with_the_stores_reaches_them(stack: Stack, service: str) -> None:
    assert stack.reached(service, STORES) == set(STORES)


def test_stores_reach_neither_monitoring_nor_the_edge(stack: Stack) -> None:
    places = [
        f"{stack.address('prometheus', 'monitoring')}:9090",
        f"{stack.address('proxy', 'edge')}:8443",
        "192.0.2.1:443",
    ]
    assert stack.reached("postgres", places) == set()


def test_the_service_has_no_rights_and_no_tools(stack: Stack) -> None:
    assert stack.inside("api", "id", "-u").stdout.strip() == "10001"
    for place in ("/probe", "/opt/roadbed/probe", "/var/lib/roadbed/probe"):
        assert "Read-only file system" in stack.inside("api", "touch", place).stderr
    assert [tool for tool in TOOLS if stack.inside("api", "which", tool).returncode == 0] == []
    status = stack.inside("api", "grep", "-E", "^(CapEff|NoNewPrivs)", "/proc/self/status").stdout.split()
    assert status == ["CapEff:", "0" * 16, "NoNewPrivs:", "1"]


@pytest.mark.parametrize("service", LASTING)
def test_every_container_runs_without_root_and_with_bounds(stack: Stack, service: str) -> None:
    host = stack.facts(service)["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["RestartPolicy"]["Name"]) == (True, ["ALL"], "unless-stopped")
    assert host["Memory"] > 0
    owner = run(["stat", "-c", "%u", f"/proc/{stack.facts(service)['State']['Pid']}"]).strip()
    assert owner != "0"


def test_no_secret_shows_in_a_description(stack: Stack) -> None:
    secrets = Path(__file__).parents[3] / "deploy" / "compose" / "secrets"
    known = {path.read_text().strip() for path in secrets.iterdir()}
    for service in LASTING:
        described = str(stack.facts(service)) + stack.compose("logs", "--no-color", service)
        assert [secret for secret in known if secret in described] == []


def test_open_access_is_said_loudly(stack: Stack) -> None:
    assert "OPEN ACCESS" in stack.compose("logs", "--no-color", "api")


@pytest.mark.parametrize("service", LASTING)
def test_a_container_that_is_killed_comes_back_and_nothing_is_lost(
    stack: Stack, service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Payments(stack) as payments:
        payments.wait_for_more()
        before = stack.facts(service)["RestartCount"]
        stack.kill(service)
        wait_until(lambda: stack.facts(service)["RestartCount"] > before, f"{service} restarted", PATIENCE)
        stack.wait_well(service)
        payments.wait_for_more()
    with capsys.disabled():
        print(f"\n{service}: {payments.count} payments, the slowest {payments.longest:.2f} s")
    assert payments.differences() == []
