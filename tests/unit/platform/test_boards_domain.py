"""A domain's dashboard: ours and a stranger's have the same, by what they declare."""

import re
import sys
from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.platform.boards_domain import board_of, kept, matching, own_panels, routes
from roadbed.resource.registry import SHIPPED, load_domains

LIBRARY = "examples.library:domain"
PACKAGE = "from roadbed.resource.domain import Domain\n\ndomain = Domain(name='{name}', title='Shop')\n"
PANEL = "from roadbed.resource.panels import Panel, Query\n\nPANELS = [{panels}]\n"
SALES = "Panel(title='Sales', description='Sold.', unit='ops', queries=[Query('up')])"


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, dashboard: str) -> str:
    """Write a domain that is a package; return its import path."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(PACKAGE.format(name=name))
    (folder / name / "dashboard.py").write_text(dashboard)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return f"{name}:domain"


def titles(path: str) -> dict[str, list[str]]:
    (domain,) = load_domains([path])
    return {row.title: [panel.title for panel in row.panels] for row in board_of(domain).rows}


def test_a_strangers_domain_has_one() -> None:
    found = titles(LIBRARY)
    assert list(found) == ["Statuses", "Requests", "Data"]
    assert found["Statuses"] == ["Copies by status"]


def test_rows_by_status_are_those_of_the_table() -> None:
    (domain,) = load_domains(["vouchers"])
    (panel,) = next(row.panels for row in board_of(domain).rows if row.title == "Statuses")
    assert [query.expression for query in panel.queries] == [
        'max by (status) (roadbed_resource_rows{instance=~"$instance",resource="vouchers"})'
    ]


def test_what_is_cached_has_a_row_for_it() -> None:
    assert list(titles("items")) == ["Requests", "Cache", "Data"]


def test_panels_of_its_own_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = titles(package(tmp_path, monkeypatch, "shop_with_panels", PANEL.format(panels=SALES)))
    assert (list(found), found["Shop"]) == (["Shop", "Requests"], ["Sales"])


def test_a_domain_in_one_file_has_none_of_its_own() -> None:
    assert own_panels(*load_domains([LIBRARY])) == ()


@pytest.mark.parametrize(
    ("name", "dashboard", "words"),
    [("shop_bare", "", "PANELS is to be"), ("shop_wrong", PANEL.format(panels="'Sales'"), "PANELS holds str")],
)
def test_what_is_no_list_of_panels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dashboard: str, words: str
) -> None:
    (domain,) = load_domains([package(tmp_path, monkeypatch, name, dashboard)])
    with pytest.raises(ConfigurationError, match=words):
        own_panels(domain)


def test_its_routes_are_told_once() -> None:
    found = routes(*load_domains([LIBRARY]))
    assert {"/books", "/authors/{id}", "/copies/{id}/status"} <= set(found)
    assert len(set(found)) == len(found)


def test_the_feeds_that_are_kept() -> None:
    assert [kept(domain) for domain in load_domains(["items", "ledger"])] == [["items"], []]


def test_a_matcher_matches_its_values_and_no_other() -> None:
    paths = ["/books/{id}", "/kv/{key:path}", "/a.b"]
    label, _, quoted = matching("route", paths).partition("=~")
    expression = re.compile(quoted.strip('"'))
    assert (label, all(expression.fullmatch(path) for path in paths)) == ("route", True)
    assert not any(expression.fullmatch(path) for path in ("/books/id", "/axb", "/books/{id}/more"))
    assert "\\" not in quoted


def test_a_route_is_called_as_its_label_is() -> None:
    assert "/kv/{key}" in routes(*load_domains(["kv"]))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_domain_shows_of_its_own_are_routes_that_it_has(name: str) -> None:
    (domain,) = load_domains([name])
    shown = " ".join(query.expression for panel in own_panels(domain) for query in panel.queries)
    known = routes(domain)
    assert {found for found in re.findall(r'route="([^"]+)"', shown) if found not in known} == set()
    for expression in re.findall(r'route=~"([^"]+)"', shown):
        alternatives = [each for each in expression.split("|") if not any(re.fullmatch(each, path) for path in known)]
        assert alternatives == []


def test_which_of_ours_show_something_of_their_own() -> None:
    domains = load_domains(list(SHIPPED))
    assert {domain.name for domain in domains if own_panels(domain)} == {"ledger", "kv", "vouchers", "telemetry"}
