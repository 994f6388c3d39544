"""compose.yaml keeps its promises: who reaches whom, what is bounded, where secrets lie, and that nothing is open."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from roadbed import app
from roadbed.kernel.settings import Settings, table
from roadbed.resource.transfer import keeping
from roadbed.runtime import log_output, sentry, span_export
from tests.deploy.test_image import PINNED
from tests.style.tree import ROOT, files

BASE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DEVELOPMENT: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose/development.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = BASE["services"]
NAMES = sorted(SERVICES)
ONE_SHOT = {"migrate", "volumes"}
EXPORTERS = {"postgres-exporter", "redis-exporter"}
STORES = {"postgres", "redis"}
OURS = "${ROADBED_IMAGE:-roadbed:0.1.0}"


def networks(name: str) -> set[str]:
    return set(SERVICES[name].get("networks", ()))


def neighbours(name: str) -> set[str]:
    """Return whom a service shares a network with."""
    return {other for other in NAMES if other != name and networks(other) & networks(name)}


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def ports() -> list[str]:
    every = {**BASE["services"], **{f"{name} (development)": value for name, value in DEVELOPMENT["services"].items()}}
    return [port for service in every.values() for port in service.get("ports", ())]


def test_every_role_is_there() -> None:
    monitoring = {"prometheus", "alertmanager", "grafana", "node-exporter"} | EXPORTERS
    assert set(NAMES) == {"proxy", "api"} | ONE_SHOT | STORES | monitoring


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_pinned_to_a_release(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image == OURS or PINNED.match(image) or re.fullmatch(r"(postgres|redis):\d+\.\d+(\.\d+)?-bookworm", image)


def test_our_image_is_one_for_every_role() -> None:
    assert {name for name in NAMES if SERVICES[name]["image"] == OURS} == {"api"} | ONE_SHOT
    assert {name for name in NAMES if "build" in SERVICES[name]} == {"api"} | ONE_SHOT


def test_ports_are_bound_to_this_machine() -> None:
    assert len(ports()) >= 7
    assert [port for port in ports() if not re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z_]+:-\d+\}:\d+", port)] == []


def test_of_the_service_only_the_proxy_is_published() -> None:
    published = {name for name in NAMES if SERVICES[name].get("ports")}
    assert published == {"proxy", "prometheus", "alertmanager", "grafana"}


@pytest.mark.parametrize("store", sorted(STORES))
def test_monitoring_reaches_no_store_but_by_its_exporter(store: str) -> None:
    assert networks(store) == {"application"}
    assert neighbours(store) == {"api", "migrate"} | STORES - {store} | EXPORTERS


def test_the_network_of_the_stores_leads_nowhere() -> None:
    assert BASE["networks"]["application"] == {"internal": True}


def test_the_proxy_reaches_the_service_alone_of_those_with_data() -> None:
    assert neighbours("proxy") & (STORES | {"api"}) == {"api"}


@pytest.mark.parametrize("name", NAMES)
def test_a_container_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service.get("user", "image's own") not in ({"0:0", "root"} if name != "volumes" else {"root"})
    assert set(service.get("cap_add", ())) <= {"proxy": {"NET_BIND_SERVICE"}, "volumes": {"CHOWN", "FOWNER"}}.get(
        name, set()
    )


def test_who_is_root_reaches_nobody() -> None:
    assert SERVICES["volumes"]["network_mode"] == "none"


@pytest.mark.parametrize("name", NAMES)
def test_a_container_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")
    assert name == "volumes" or service["cpus"]


def test_bodies_that_are_kept_leave_room_to_the_metrics() -> None:
    # Both lie there. A reserve as large as the whole would keep no body at all.
    (mounted,) = SERVICES["api"]["tmpfs"]
    (size,) = re.findall(r"^/tmp:.*\bsize=(\d+)m$", mounted)
    assert int(size) * 1024 * 1024 >= 3 * keeping.RESERVE


@pytest.mark.parametrize("name", sorted(set(NAMES) - ONE_SHOT))
def test_a_container_says_how_it_is(name: str) -> None:
    assert SERVICES[name].get("healthcheck", {}).get("test") or SERVICES[name]["image"] == OURS


def test_nothing_starts_before_what_it_needs() -> None:
    for name in NAMES:
        for other, gate in SERVICES[name].get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
            assert gate == {"condition": wanted}, (name, other)
    assert set(SERVICES["api"]["depends_on"]) == {"migrate"} | STORES
    assert set(SERVICES["proxy"]["depends_on"]) == {"api", "volumes"}


def test_what_has_no_safe_default_is_asked_for() -> None:
    settings = SERVICES["api"]["environment"]
    assert settings["ROADBED_OPEN_ACCESS"].startswith("${ROADBED_OPEN_ACCESS:?")
    assert settings["ROADBED_ALLOWED_HOSTS"].startswith("${STACK_HOST:?")
    example = text_of("deploy/compose/example.env")
    assert "\nROADBED_OPEN_ACCESS=\n" in example
    for variable in re.findall(r"\$\{([A-Z_]+):", text_of("compose.yaml")):
        assert f"{variable}=" in example


def test_settings_are_settings() -> None:
    known = {row.variable for row in table()}
    for services in (BASE["services"], DEVELOPMENT["services"]):
        for service in services.values():
            mine = {name for name in service.get("environment", {}) if name.startswith("ROADBED_")}
            assert {name.removesuffix("_FILE") for name in mine} <= known


def test_secrets_are_files_that_one_script_makes(tmp_path: Path) -> None:
    made = make_secrets(tmp_path)
    assert {name: f"./deploy/compose/secrets/{name}" for name in made} == {
        name: secret["file"] for name, secret in BASE["secrets"].items()
    }
    assert set(made) == {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert "/deploy/compose/secrets/" in text_of(".gitignore").splitlines()
    assert [path for path in files() if "secrets" in path.parts and path.parts[:1] == ("deploy",)] == []


def test_no_password_stands_in_an_environment() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            secret = re.search(r"PASS|SECRET|TOKEN|_URL", name)
            assert not secret or str(value).startswith("/run/secrets/"), name


def make_secrets(folder: Path) -> dict[str, str]:
    script = ROOT / "deploy" / "compose" / "make-secrets"
    done = subprocess.run([script, folder], capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def test_secrets_are_random_and_fit_together(tmp_path: Path) -> None:
    one, other = make_secrets(tmp_path / "one"), make_secrets(tmp_path / "other")
    assert [name for name in one if one[name] == other[name]] == []
    passwords = {name: value for name, value in one.items() if name.endswith("password")}
    assert len(set(passwords.values())) == len(passwords)
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in passwords.values())
    assert one["database_url"] == f"postgresql://roadbed:{one['roadbed_password']}@postgres:5432/roadbed"
    assert one["redis_auth"] == f"requirepass {one['redis_password']}"
    assert json.loads(one["redis_exporter"]) == {
        SERVICES["redis-exporter"]["environment"]["REDIS_ADDR"]: one["redis_password"]
    }


def test_secrets_stay_and_are_kept_from_others(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert make_secrets(folder) == make_secrets(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", NAMES)
def test_what_is_mounted_is_there_and_cannot_be_written(name: str) -> None:
    for volume in SERVICES[name].get("volumes", ()):
        # Where another folder may be named, the one that is taken otherwise.
        source, target, *rest = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", volume).split(":")
        if not source.startswith((".", "/")):
            assert source in BASE["volumes"]
            continue
        assert (target[0], rest) == ("/", ["ro"])
        # The files of monitoring are generated from what domains declare.
        assert source.startswith("./deploy/monitoring/") or (ROOT / source).exists()


def test_scripts_are_shell_that_can_be_run() -> None:
    for path in ("deploy/compose/make-secrets", "deploy/compose/alert-webhook", "deploy/compose/postgres/roles.sh"):
        assert os.access(ROOT / path, os.X_OK)
        done = subprocess.run(["sh", "-n", ROOT / path], capture_output=True, text=True, timeout=180, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_proxy_asks_the_service_and_keeps_its_metrics_inside() -> None:
    caddyfile = text_of("deploy/compose/Caddyfile")
    assert "admin off" in caddyfile
    assert "respond /metrics 404" in caddyfile
    assert "reverse_proxy api:8000" in caddyfile


def test_the_cache_asks_for_its_password_and_is_smaller_than_its_container() -> None:
    conf = text_of("deploy/compose/redis.conf")
    assert "include /run/secrets/redis_auth\n" in conf
    (most,) = re.findall(r"^maxmemory (\d+)mb$", conf, re.MULTILINE)
    assert int(most) < int(SERVICES["redis"]["mem_limit"].removesuffix("m"))


def test_a_stop_has_the_time_that_it_may_take() -> None:
    parts = (
        Settings().drain_timeout,
        app.CLOSE_TIMEOUT,
        span_export.CLOSE_TIMEOUT,
        sentry.FLUSH,
        log_output.CLOSE_TIMEOUT,
    )
    assert int(SERVICES["api"]["stop_grace_period"].removesuffix("s")) > sum(parts)
