"""Which page is whose, and from where browsers are led there."""

from typing import Any

from roadbed.resource.domain import Domain
from roadbed.resource.landing import leads, page_of
from roadbed.resource.registry import load_domains

SHIPPED = ("ledger", "kv", "items", "vouchers", "telemetry")


def domain(name: str, page: str = "") -> Domain[Any]:
    return Domain(name=name, title=name.title(), page=page)


def test_a_page_is_the_domains_own_or_its_part_of_the_console() -> None:
    found = [page_of(domain("notes")), page_of(domain("blog", "/blog/"))]
    assert found == ["/console/notes", "/blog/"]


def test_the_root_leads_to_the_console() -> None:
    assert leads([domain("a"), domain("b")])["/"] == "/console/"


def test_the_root_of_one_domain_is_its_page() -> None:
    roots = [leads([each])["/"] for each in (domain("notes"), domain("blog", "/blog/"))]
    assert roots == ["/console/notes", "/blog/"]


def test_both_roots_of_a_domain_lead_to_its_page_and_none_to_itself() -> None:
    assert leads([domain("notes"), domain("blog", "/blog/"), domain("shop", "/market")]) == {
        "/": "/console/",
        "/notes": "/console/notes",
        "/notes/": "/console/notes",
        "/blog": "/blog/",
        "/shop": "/market",
        "/shop/": "/market",
    }


def test_every_domain_that_ships_has_its_page() -> None:
    found = {each.name: page_of(each) for each in load_domains(SHIPPED)}
    expected = {name: f"/console/{name}" for name in SHIPPED} | {"vouchers": "/vouchers/"}
    assert found == expected
