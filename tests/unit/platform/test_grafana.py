"""The JSON of a dashboard, as Grafana reads it."""

from typing import Any

import msgspec

from roadbed.platform.grafana import SOURCE, written
from roadbed.resource.panels import Board, Panel, Query, Row

BOARD = Board(
    "shop",
    "Shop",
    "Sales.",
    [
        Row(
            "Sales",
            [
                Panel(
                    title="Sold",
                    description="What was sold.",
                    unit="ops",
                    queries=[Query("sum(a)", "{{kind}}"), Query("sum(b)")],
                    warn=1.0,
                    bad=2.0,
                    runbook="sales",
                ),
                Panel(title="Now", description="Today.", unit="short", queries=[Query("c")], kind="stat", width=12),
                Panel(
                    title="Free",
                    description="What is left.",
                    unit="percentunit",
                    queries=[Query("d")],
                    warn=0.2,
                    bad=0.1,
                    falling=True,
                ),
            ],
        )
    ],
    "shop_info",
)


def made() -> dict[str, Any]:
    (content,) = written([BOARD], "https://example.org").values()
    return msgspec.json.decode(content)


def panels() -> dict[str, Any]:
    return {panel["title"]: panel for panel in made()["panels"]}


def test_files_bear_the_names_of_dashboards_and_are_the_same_each_time() -> None:
    assert list(written([BOARD])) == ["shop.json"]
    assert written([BOARD]) == written([BOARD])
    assert written([BOARD])["shop.json"].endswith(b"}\n")


def test_a_dashboard() -> None:
    board = made()
    assert (board["uid"], board["title"], board["tags"], board["editable"]) == (
        "roadbed-shop",
        "Shop",
        ["roadbed"],
        False,
    )
    assert [panel["type"] for panel in board["panels"]] == ["row", "timeseries", "stat", "timeseries"]


def test_its_variables() -> None:
    instance, runbooks = made()["templating"]["list"]
    assert (instance["query"], instance["allValue"]) == ("label_values(shop_info, instance)", ".+")
    assert (instance["multi"], instance["includeAll"], instance["datasource"]["uid"]) == (True, True, SOURCE)
    assert (runbooks["name"], runbooks["query"]) == ("runbooks", "https://example.org")


def test_a_panel() -> None:
    sold = panels()["Sold"]
    assert sold["datasource"] == {"type": "prometheus", "uid": SOURCE}
    assert (sold["description"], sold["fieldConfig"]["defaults"]["unit"]) == ("What was sold.", "ops")
    assert [(one["refId"], one["expr"], one["legendFormat"]) for one in sold["targets"]] == [
        ("A", "sum(a)", "{{kind}}"),
        ("B", "sum(b)", "Sold"),
    ]
    assert [link["url"] for link in sold["links"]] == ["${runbooks}/sales.md"]


def test_thresholds_rise_or_fall() -> None:
    found = {
        title: [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for title, panel in panels().items()
        if "targets" in panel
    }
    assert found == {
        "Sold": [(None, "green"), (1.0, "orange"), (2.0, "red")],
        "Now": [(None, "green")],
        "Free": [(None, "red"), (0.1, "orange"), (0.2, "green")],
    }


def test_panels_have_numbers_and_places_of_their_own() -> None:
    found = [panel for panel in made()["panels"] if panel["type"] != "row"]
    assert [panel["id"] for panel in found] == [1, 2, 3]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found]
    assert len(set(places)) == len(places)
