"""The dashboards that every service has, as data."""

import re

import pytest

from roadbed.platform.boards import BOARDS
from roadbed.platform.boards_domain import board_of
from roadbed.resource.figures import measures_of
from roadbed.resource.panels import INSTANCE, Board, Panel
from roadbed.resource.registry import SHIPPED, load_domains
from roadbed.runtime import measures

DOMAINS = load_domains(list(SHIPPED))
MEASURES = [*measures.ALL, *measures_of(figure for domain in DOMAINS for figure in domain.figures)]
ALL = [*BOARDS, *(board_of(domain) for domain in DOMAINS)]
PANELS = [(board, panel) for board in ALL for row in board.rows for panel in row.panels]
KNOWN = {measure.name for measure in MEASURES} | {
    f"{measure.name}_{which}"
    for measure in MEASURES
    if measure.kind == "histogram"
    for which in ("sum", "count", "bucket")
}
SHOWN = {
    name for _, panel in PANELS for query in panel.queries for name in re.findall(r"roadbed_\w+", query.expression)
}


def test_what_there_is() -> None:
    fixed = ["service", "host", "data-engine", "cache"]
    assert [board.name for board in ALL] == [*fixed, *(f"domain-{name}" for name in SHIPPED)]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda part: getattr(part, "name", getattr(part, "title", "")))
def test_a_panel_says_what_it_shows(board: Board, panel: Panel) -> None:
    assert panel.description.endswith(".")
    assert panel.queries
    assert panel.kind == "stat" or len(panel.queries) == 1 or all(query.legend for query in panel.queries)
    # A value that may be bad has a page that says what to do.
    assert panel.warn is None or panel.runbook
    assert (panel.warn is None) == (panel.bad is None)


def test_panels_of_a_dashboard_have_names_of_their_own() -> None:
    for board in ALL:
        titles = [(row.title, panel.title) for row in board.rows for panel in row.panels]
        assert len(set(titles)) == len(titles)


def test_rows_are_full_at_most() -> None:
    assert [(board.name, panel.title) for board, panel in PANELS if 24 % panel.width] == []


def test_only_metrics_that_exist_are_shown() -> None:
    assert set() == SHOWN - KNOWN


def test_every_metric_is_shown_but_those_that_say_who_runs_and_when_it_looked() -> None:
    seen = {measure.name for measure in MEASURES if any(name.startswith(measure.name) for name in SHOWN)}
    told = {"roadbed_process_start_time_seconds", "roadbed_build_info", "roadbed_look_timestamp_seconds"}
    assert {measure.name for measure in MEASURES} - seen == told


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda part: getattr(part, "name", getattr(part, "title", "")))
def test_expressions_are_of_the_chosen_instances(board: Board, panel: Panel) -> None:
    for query in panel.queries:
        selectors = re.findall(r"\b(?:roadbed|node)_\w+(.?)", query.expression)
        assert selectors
        assert set(selectors) == {"{"}
        chosen = query.expression.count(INSTANCE)
        assert re.sub(r'"[^"]*"', "", query.expression).count("{") == chosen
