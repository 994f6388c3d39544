"""Rows by status: every resource with a status machine tells them, no other does."""

from typing import get_args

import pytest

from roadbed.data.named_sql import Dialect
from roadbed.resource.census import StatusCount
from roadbed.resource.registry import load_domains
from roadbed.runtime.measures import RESOURCE_ROWS


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("items", []),
        ("vouchers", ["vouchers_sold", "vouchers_statuses"]),
        ("examples.library:domain", ["library_copies_statuses"]),
    ],
)
def test_which_domains_have_looks(path: str, names: list[str]) -> None:
    (domain,) = load_domains([path])
    assert [look.name for look in domain.looks()] == names


@pytest.mark.parametrize("dialect", get_args(Dialect))
def test_an_index_can_answer_where_time_changes_nothing(dialect: Dialect) -> None:
    (domain,) = load_domains(["examples.library:domain"])
    (look,) = domain.looks()
    text = look.query.text(dialect)
    assert 'SELECT "status" AS status, count(*) AS count FROM "library_copies" GROUP BY 1' in text
    assert (look.query.row, look.query.parameters, look.query.writes) == (StatusCount, frozenset(), False)
    assert [gauge.measure for gauge in look.gauges] == [RESOURCE_ROWS]


def test_what_time_brings_needs_the_time() -> None:
    (domain,) = load_domains(["vouchers"])
    look = domain.looks()[-1]
    assert look.query.parameters == {"now"}
    assert "THEN 'expired' ELSE \"status\" END" in look.query.text("postgres")


def test_a_quote_in_a_status_is_only_a_quote() -> None:
    from roadbed.resource import census

    assert census._text("who's") == "'who''s'"
