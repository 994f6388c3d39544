"""The labels by which Datadog's agent finds the service: well formed, true to the stack, and documented."""

import json
import re
from typing import Any

import pytest

from roadbed.kernel.settings import Settings
from tests.deploy.test_compose import BASE, DEVELOPMENT, SERVICES, networks, text_of

LABELS: dict[str, str] = SERVICES["api"]["labels"]


def filled(text: str) -> str:
    """Return a text with the defaults of its variables, as Compose reads it without any set."""
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", text)


def instance() -> dict[str, Any]:
    checks = json.loads(filled(LABELS["com.datadoghq.ad.checks"]))
    assert checks.keys() == {"openmetrics"}
    assert checks["openmetrics"].keys() == {"init_config", "instances"}
    (one,) = checks["openmetrics"]["instances"]
    return one


def test_the_check_is_json_with_the_keys_that_the_agent_wants() -> None:
    found = instance()
    required = {"openmetrics_endpoint", "namespace", "metrics"}
    assert (required <= found.keys(), found["namespace"]) == (True, "roadbed")
    assert found.keys() - required == {"raw_metric_prefix", "max_returned_metrics"}


def test_it_asks_where_the_metrics_are() -> None:
    endpoint = re.fullmatch(r"http://%%host_(\w+)%%:(\d+)(/\w+)", instance()["openmetrics_endpoint"])
    assert endpoint is not None
    assert (endpoint[2], endpoint[3]) == (str(Settings().port), "/metrics")
    # Compose puts the name of the project before that of a network.
    assert endpoint[1].removeprefix("roadbed_") in networks("api") & {"monitoring"}


def test_it_takes_every_metric() -> None:
    from roadbed.runtime.measures import MEASURES

    (pattern,) = instance()["metrics"]
    prefix = instance()["raw_metric_prefix"]
    bare = [measure.name.removeprefix(prefix).removesuffix("_total") for measure in MEASURES]
    assert [name for name in bare if name.startswith(prefix) or not re.search(pattern, name)] == []


def test_logs_are_taken_under_the_name_of_the_service() -> None:
    assert json.loads(LABELS["com.datadoghq.ad.logs"]) == [{"source": "roadbed", "service": Settings().service_name}]


def test_tags_are_those_of_log_lines() -> None:
    tags = {name.rpartition(".")[2]: value for name, value in LABELS.items() if ".tags." in name}
    image = BASE["services"]["api"]["image"]
    assert tags == {
        "service": Settings().service_name,
        "env": SERVICES["api"]["environment"]["ROADBED_ENVIRONMENT"],
        "version": filled(image).rpartition(":")[2],
    }
    development = DEVELOPMENT["services"]["api"]
    assert development["labels"]["com.datadoghq.tags.env"] == development["environment"]["ROADBED_ENVIRONMENT"]


@pytest.mark.parametrize("label", sorted(LABELS))
def test_a_label_is_documented(label: str) -> None:
    assert f"`{label}`" in text_of("docs/datadog.md")
