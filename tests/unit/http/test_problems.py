"""One shape for every failure: each class of the tree has its status, and nothing inside gets out."""

import json
from collections.abc import Iterator

import pytest

from roadbed.http.problems import STATUS, is_unsafe, render, status_of
from roadbed.kernel import errors
from roadbed.kernel.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    Fault,
    Invalid,
    MethodNotAllowed,
    NotFound,
    OutcomeUnknown,
    Overloaded,
    RoadbedError,
    StorageFull,
)

EXPECTED = {
    "RoadbedError": 500,
    "ConfigurationError": 500,
    "SchemaMismatch": 500,
    "Refused": 400,
    "Invalid": 400,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "NotAcceptable": 406,
    "TooSlow": 408,
    "Conflict": 409,
    "Gone": 410,
    "PreconditionFailed": 412,
    "TooLarge": 413,
    "AddressTooLong": 414,
    "UnsupportedMediaType": 415,
    "KeyReused": 422,
    "HeadTooLarge": 431,
    "Unavailable": 503,
    "Overloaded": 503,
    "DeadlineExceeded": 503,
    "OutcomeUnknown": 503,
    "StorageFull": 507,
}


def classes(root: type[RoadbedError] = RoadbedError) -> Iterator[type[RoadbedError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from classes(child)


TREE = sorted(set(classes()), key=lambda kind: kind.__name__)


def test_every_class_of_the_tree_has_a_status() -> None:
    assert {kind.__name__: status_of(kind) for kind in TREE} == EXPECTED


@pytest.mark.parametrize("kind", TREE)
def test_every_failure_has_the_same_shape(kind: type[RoadbedError]) -> None:
    failure = render(kind("In words"), "request-1")
    problem = json.loads(failure.body)
    inside = failure.status == 500
    expected = {
        "type": f"urn:roadbed:problem:{'internal' if inside else kind.slug}",
        "title": RoadbedError.title if inside else kind.title,
        "status": EXPECTED[kind.__name__],
        "detail": "The cause is in the log of the service, under this request id" if inside else "In words",
        "instance": "request-1",
    }
    assert expected == problem


def test_faults_are_listed() -> None:
    failure = render(Invalid(faults=[Fault("/a", "wrong"), Fault("query:b", "missing")]), "r")
    expected = [{"pointer": "/a", "detail": "wrong"}, {"pointer": "query:b", "detail": "missing"}]
    assert expected == json.loads(failure.body)["errors"]


def test_values_that_are_taken_are_listed() -> None:
    failure = render(Conflict("Taken", "duplicate", [Fault("/name", "Taken")]), "r")
    assert json.loads(failure.body)["errors"] == [{"pointer": "/name", "detail": "Taken"}]


def test_a_conflict_may_have_a_kind_of_its_own() -> None:
    failure = render(Conflict("Too low", kind="balance-floor"), "r")
    assert (failure.slug, json.loads(failure.body)["type"]) == ("balance-floor", "urn:roadbed:problem:balance-floor")


def test_a_subclass_elsewhere_has_the_status_of_its_parent() -> None:
    class VoucherSpent(Conflict):
        slug = "voucher-spent"

    assert render(VoucherSpent("Spent"), "r").status == 409


def test_allow_is_said_with_405() -> None:
    failure = render(MethodNotAllowed("No", ("GET", "HEAD")), "r")
    assert failure.headers == ((b"allow", b"GET, HEAD"),)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(Overloaded("Full", retry_after=7), b"7"), (StorageFull("Full"), b"1"), (Overloaded("Now", retry_after=0), b"1")],
)
def test_retry_after_is_said_in_whole_seconds(error: RoadbedError, expected: bytes) -> None:
    assert ((b"retry-after", expected),) == render(error, "r").headers


def test_what_the_configuration_says_stays_inside() -> None:
    failure = render(ConfigurationError("password=hunter2"), "r")
    assert (failure.status, b"hunter2" in failure.body) == (500, False)


@pytest.mark.parametrize("kind", [DeadlineExceeded, OutcomeUnknown])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_unsafe_call_with_a_key_is_told_that_a_retry_is_safe(kind: type[RoadbedError], method: str) -> None:
    detail = json.loads(render(kind("Lost"), "r", method, keyed=True).body)["detail"]
    assert detail == "Lost. It may have taken effect; a retry with the same Idempotency-Key is safe"


def test_an_unsafe_call_without_a_key_is_told_what_a_key_is_for() -> None:
    detail = json.loads(render(OutcomeUnknown("Lost"), "r", "POST").body)["detail"]
    expected = (
        "Lost. It may have taken effect; had it carried an Idempotency-Key, a retry with the same key would be safe"
    )
    assert expected == detail


def test_a_safe_call_is_told_nothing_of_keys() -> None:
    assert json.loads(render(DeadlineExceeded("Lost"), "r", "GET").body)["detail"] == "Lost"


def test_what_is_no_roadbed_error_has_no_status() -> None:
    with pytest.raises(TypeError, match="is no RoadbedError"):
        status_of(ValueError)  # pyright: ignore[reportArgumentType]


def test_methods_that_ask_for_a_change() -> None:
    methods = ("GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE")
    assert [method for method in methods if is_unsafe(method)] == ["POST", "PUT", "PATCH", "DELETE"]


def test_only_classes_of_the_tree_have_statuses() -> None:
    assert set() == set(STATUS) - set(TREE)


def test_a_missing_detail_is_the_title() -> None:
    assert NotFound.title == json.loads(render(NotFound(), "r").body)["detail"]
