"""The document describes what happens: schemathesis asks everything that it allows and much that it does not."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from roadbed.http.limits import HttpOptions
from tests.unit.http import notes
from tests.unit.http.driving import make_edge

INEXPRESSIBLE = {"query:after", "header:If-Match", "header:If-None-Match"}
"""What a schema cannot say: which cursors there are, and (schemathesis sends `0` in spite of the pattern) tags."""


def make_service() -> Any:
    service = notes.Notes()
    service.released.set()
    return make_edge(notes.operations, service, HttpOptions(allowed_hosts=("*",)))[0]


described = schemathesis.openapi.from_asgi("/openapi.json", make_service())


def accepted(ctx: Any, response: Any, case: Any) -> None:
    """What the document allows is accepted, or refused for what no document can say."""
    status = response.status_code
    if not case.meta.generation.mode.is_positive or status < 400 or status in (404, 409, 412):
        return
    assert status == 400
    refused = {error["pointer"]: error["detail"] for error in response.json()["errors"]}
    # To JSON Schema 7.0 is an integer. To a ledger it is not.
    whole = {pointer for pointer, detail in refused.items() if detail == "Expected `integer`, got `number`"}
    assert set(refused) - INEXPRESSIBLE - whole == set()


@described.exclude(path="/broken").parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_operation_does_what_the_document_says(case: Any) -> None:
    case.call_and_validate(excluded_checks=[positive_data_acceptance], additional_checks=[accepted])
