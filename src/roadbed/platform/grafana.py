"""Dashboards as Grafana's JSON, by its own library (the extra ``dashboards``), which is imported when one is made.

The same declaration makes the same bytes. Everything is provisioned by files: what is changed in Grafana is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.panels import Board, Panel

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import dashboard, stat, timeseries

SOURCE = "roadbed-prometheus"
"""The identifier of the data source, as it is provisioned."""

TAG = "roadbed"
RUNBOOKS = "https://runbooks.example.org"
"""Where ``docs/runbooks`` can be read, unless told; in Grafana it is a variable of every dashboard."""

_HEIGHT = 8
_LOW = 5


def written(boards: Iterable[Board], runbooks: str = RUNBOOKS) -> Mapping[str, bytes]:
    """Return the content of each dashboard's file, by its name.

    Raises:
        ConfigurationError: the library is not installed.
    """
    try:
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
    except ImportError:
        raise ConfigurationError("dashboards need their library: pip install 'roadbed[dashboards]'") from None
    made = {board.name: _board(board, runbooks) for board in boards}
    return {
        f"{name}.json": (json.dumps(one, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
        for name, one in made.items()
    }


def _board(board: Board, runbooks: str) -> Any:
    from grafana_foundation_sdk.builders import dashboard
    from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType

    others = dashboard.DashboardLink("Roadbed").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    builder = (
        dashboard.Dashboard(board.title)
        .uid(f"roadbed-{board.name}")
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(others.as_dropdown(True).include_vars(True).keep_time(True))
        .with_variable(_instances(board.instances))
        .with_variable(dashboard.ConstantVariable("runbooks").label("Runbooks").value(runbooks))
    )
    number = 0
    for row in board.rows:
        builder = builder.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            number += 1
            builder = builder.with_panel(_panel(panel, number))
    return builder.build()


def _instances(metric: str) -> dashboard.QueryVariable:
    from grafana_foundation_sdk.builders import dashboard
    from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableOption, VariableRefresh

    return (
        dashboard.QueryVariable("instance")
        .label("Instance")
        .datasource(DataSourceRef("prometheus", SOURCE))
        .query(f"label_values({metric}, instance)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: Panel, number: int) -> timeseries.Panel | stat.Panel:
    from grafana_foundation_sdk.builders import dashboard, prometheus
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    made = _drawn(panel)
    made = (
        made.id(number)
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .span(panel.width)
        .datasource(DataSourceRef("prometheus", SOURCE))
        .thresholds(_thresholds(panel))
    )
    if panel.runbook:
        link = dashboard.DashboardLink("Runbook").url(f"${{runbooks}}/{panel.runbook}.md").target_blank(True)
        made = made.links([link])
    for place, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expression).ref_id(chr(ord("A") + place)).range()
        made = made.with_target(target.legend_format(query.legend or panel.title))
    return made


def _drawn(panel: Panel) -> timeseries.Panel | stat.Panel:
    from grafana_foundation_sdk.builders import common, dashboard, stat, timeseries
    from grafana_foundation_sdk.models import common as looks
    from grafana_foundation_sdk.models.dashboard import FieldColorModeId

    if panel.kind == "stat":
        last = common.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().height(_LOW).reduce_options(last).color_mode(looks.BigValueColorMode.VALUE)
    legend = common.VizLegendOptions().show_legend(True).placement(looks.LegendPlacement.BOTTOM)
    lines = (
        timeseries.Panel()
        .height(_HEIGHT)
        .fill_opacity(8)
        .line_width(1)
        .min(0)
        .legend(legend.display_mode(looks.LegendDisplayMode.LIST))
    )
    lines = lines.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    if panel.warn is None:
        return lines
    return lines.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.DASHED))


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    from grafana_foundation_sdk.builders import dashboard
    from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

    steps = [Threshold(None, "red" if panel.falling else "green")]
    marks = (
        [(panel.bad, "orange"), (panel.warn, "green")]
        if panel.falling
        else [(panel.warn, "orange"), (panel.bad, "red")]
    )
    steps += [Threshold(value, color) for value, color in marks if value is not None]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
