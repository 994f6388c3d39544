"""Every scenario of telemetry, on both engines."""

from collections.abc import Iterator

import pytest

from tests.conftest import ENGINES
from tests.contract.conftest import Running, serving
from tests.contract.runner import run_scenario
from tests.contract.scenarios import Scenario
from tests.contract.tables.telemetry import SCENARIOS

DOMAINS = "ledger,roadbed.domains.telemetry:domain"


@pytest.fixture(scope="module", params=ENGINES)
def measuring(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(request.param, request, tmp_path_factory, {"arguments": ["--domains", DOMAINS]}) as started:
        yield started


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_service_keeps_the_contract(measuring: Running, scenario: Scenario) -> None:
    run_scenario(scenario, measuring.port, measuring.ledger, measuring.document)
