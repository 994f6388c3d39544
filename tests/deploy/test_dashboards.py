"""The dashboards that are committed are those that the code makes."""

from pathlib import Path

from roadbed.cli.dashboards import dashboards
from roadbed.kernel.settings import Settings
from roadbed.resource.registry import SHIPPED

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "monitoring" / "grafana" / "dashboards"


def test_they_are_current() -> None:
    found = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    words = "run `roadbed dashboards --output deploy/monitoring/grafana/dashboards`"
    assert found == dashboards(Settings(domains=tuple(SHIPPED))), words
