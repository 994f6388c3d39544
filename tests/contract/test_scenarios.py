"""Every scenario of every table, on both engines."""

import pytest

from tests.contract.conftest import Running
from tests.contract.runner import run_scenario
from tests.contract.scenarios import Scenario
from tests.contract.tables import TABLES


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(scenario, id=f"{name}: {scenario}") for name, table in TABLES.items() for scenario in table],
)
def test_the_service_keeps_the_contract(running: Running, scenario: Scenario) -> None:
    run_scenario(scenario, running.port, running.stored, running.document)
