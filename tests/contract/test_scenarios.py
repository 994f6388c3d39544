"""Every scenario of every table, on both engines; those of cached resources with replies kept in Redis too."""

from collections.abc import Iterable

import pytest

from tests.contract.conftest import Running
from tests.contract.runner import run_scenario
from tests.contract.scenarios import Scenario
from tests.contract.tables import TABLES

CACHED = ("items",)
"""Tables of resources whose replies are cached."""


def cases(names: Iterable[str]) -> pytest.MarkDecorator:
    found = [pytest.param(scenario, id=f"{name}: {scenario}") for name in names for scenario in TABLES[name]]
    return pytest.mark.parametrize("scenario", found)


@cases(TABLES)
def test_the_service_keeps_the_contract(running: Running, scenario: Scenario) -> None:
    run_scenario(scenario, running.port, running.stored, running.document)


@cases(CACHED)
def test_it_does_so_with_redis(with_redis: Running, scenario: Scenario) -> None:
    run_scenario(scenario, with_redis.port, with_redis.stored, with_redis.document)
