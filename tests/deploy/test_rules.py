"""Alerts fire when they should, lead to a page that is there, and are all tried."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.programs import find_program

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "prometheus" / "rules"
TRIALS = Path(__file__).parent / "rules"
RUNBOOKS = ROOT / "docs" / "runbooks"
NAMES = sorted(path.name for path in RULES.iterdir())


def alerts() -> list[dict[str, Any]]:
    groups = [group for name in NAMES for group in yaml.safe_load((RULES / name).read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def anchors(page: Path) -> set[str]:
    """Return what a page's headings are called in addresses."""
    return {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [find_program("promtool"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", NAMES)
def test_rules_do_what_they_should(name: str, tmp_path: Path) -> None:
    trial = tmp_path / name
    trial.write_text((TRIALS / name).read_text().replace("RULES/", f"{RULES}/"))
    done = promtool("test", "rules", trial)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_in_the_configuration() -> None:
    done = promtool("check", "config", MONITORING / "prometheus" / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tried() -> None:
    tried = re.findall(r"alertname: (\w+)", "".join((TRIALS / name).read_text() for name in NAMES))
    assert {alert["alert"] for alert in alerts()} == set(tried)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_and_leads_to_its_runbook(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"page", "ticket", "none"}
    assert alert["annotations"]["summary"]
    page, _, anchor = alert["annotations"]["runbook_url"].removeprefix("{{ $externalLabels.runbooks }}/").partition("#")
    assert f"`{alert['alert']}`" in (RUNBOOKS / "README.md").read_text()
    assert not anchor or anchor in anchors(RUNBOOKS / page)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("[a-z]*.md")), ids=lambda page: page.stem)
def test_a_runbook_says_what_it_means_how_to_look_and_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert [word for word in ("**Means.**", "**Look", "**Do.**") if word not in text] == []
    assert f"({page.name})" in (RUNBOOKS / "README.md").read_text()


def test_alerts_go_to_a_webhook_that_hears_of_their_end() -> None:
    settings = yaml.safe_load((MONITORING / "alertmanager" / "alertmanager.yml").read_text())
    (receiver,) = settings["receivers"]
    routes = [settings["route"], *settings["route"]["routes"]]
    assert {route["receiver"] for route in routes} == {receiver["name"]}
    assert [hook["send_resolved"] for hook in receiver["webhook_configs"]] == [True]


def test_grafana_finds_its_data_source_and_its_dashboards() -> None:
    from roadbed.platform.grafana import SOURCE

    folder = MONITORING / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "roadbed.yaml").read_text())["providers"]
    assert (source["uid"], source["type"], provider["type"]) == (SOURCE, "prometheus", "file")
