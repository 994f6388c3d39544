"""Every failure has a stable name and a title, and says only what may be shown."""

from collections.abc import Iterator

import pytest

from roadbed.kernel import errors
from roadbed.kernel.errors import (
    ConfigurationError,
    Conflict,
    Fault,
    Invalid,
    MethodNotAllowed,
    Overloaded,
    Refused,
    RoadbedError,
    SchemaMismatch,
    Unavailable,
)


def tree(kind: type[RoadbedError] = RoadbedError) -> Iterator[type[RoadbedError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


KINDS = sorted(set(tree()), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_without_words_says_its_title(kind: type[RoadbedError]) -> None:
    assert (kind().detail, str(kind())) == (kind.title, kind.title)


@pytest.mark.parametrize("kind", KINDS)
def test_words_of_its_own_go_first(kind: type[RoadbedError]) -> None:
    assert kind("The cat sat on it").detail == "The cat sat on it"


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_fit_for_an_address(kind: type[RoadbedError]) -> None:
    assert kind.slug == kind.slug.lower().replace("_", "-").strip("-")


def test_no_two_kinds_share_a_name() -> None:
    slugs = [kind.slug for kind in KINDS]
    assert sorted(set(slugs)) == sorted(slugs)


def test_no_two_kinds_share_a_title() -> None:
    titles = [kind.title for kind in KINDS]
    assert sorted(set(titles)) == sorted(titles)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    missing = [
        kind.__name__ for kind in KINDS if f" {kind.__name__} " not in drawn.replace("RoadbedError\n", " RoadbedError ")
    ]
    assert missing == []


def test_configuration_lists_every_problem() -> None:
    error = ConfigurationError(problems=["one is wrong", "two is wrong"])
    assert (error.problems, error.detail) == (("one is wrong", "two is wrong"), "one is wrong; two is wrong")


def test_configuration_with_one_sentence_has_one_problem() -> None:
    assert ConfigurationError("it is wrong").problems == ("it is wrong",)


def test_a_mismatch_is_a_matter_of_configuration() -> None:
    assert issubclass(SchemaMismatch, ConfigurationError)


def test_invalid_tells_its_faults() -> None:
    error = Invalid(faults=[Fault("/amount", "too large"), Fault("query:limit", "not a number")])
    assert error.detail == "/amount: too large; query:limit: not a number"


def test_a_conflict_may_be_named_more_closely() -> None:
    assert (Conflict("no", kind="balance-floor").kind, Conflict("no").kind) == ("balance-floor", "conflict")


def test_method_not_allowed_knows_what_is() -> None:
    assert MethodNotAllowed(allowed=["GET", "HEAD"]).allowed == ("GET", "HEAD")


@pytest.mark.parametrize(("error", "seconds"), [(Unavailable(), 1), (Overloaded("busy", retry_after=7), 7)])
def test_unavailable_says_when_to_come_back(error: Unavailable, seconds: int) -> None:
    assert error.retry_after == seconds


def test_what_the_caller_can_mend_is_not_unavailable() -> None:
    both = [kind.__name__ for kind in KINDS if issubclass(kind, Refused) and issubclass(kind, Unavailable)]
    assert both == []


def test_a_fault_of_the_whole_body_names_no_place() -> None:
    faults = [Fault("", "The body is empty"), Fault("/a", "is odd")]
    assert Invalid(faults=faults).detail == "The body is empty; /a: is odd"


def test_a_fault_of_a_part_names_the_part() -> None:
    assert Fault("/name", "taken").below("/3") == Fault("/3/name", "taken")
    assert Fault("", "empty").below("/3") == Fault("/3", "empty")


def test_a_conflict_may_name_the_fields_that_are_in_the_way() -> None:
    taken = [Fault("/a", "taken"), Fault("/b", "taken")]
    assert Conflict("Both are taken", "duplicate", taken).faults == tuple(taken)
    assert Conflict("Too late").faults == ()
