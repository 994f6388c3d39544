"""Telemetry: assets, their signals, time-stamped measurements, statistics and charts."""

from roadbed.domains.telemetry.api import operations
from roadbed.domains.telemetry.service import Telemetry
from roadbed.resource.domain import Domain


def _metadata() -> object:
    from roadbed.domains.telemetry.tables import metadata

    return metadata()


domain: Domain[Telemetry] = Domain(
    name="telemetry",
    title="Telemetry",
    operations=operations,
    open=Telemetry,
    metadata=_metadata,
    migrations="roadbed.domains.telemetry.migrations",
)
