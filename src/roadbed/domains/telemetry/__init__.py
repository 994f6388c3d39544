"""Telemetry: assets, their signals, time-stamped measurements, statistics and charts."""

from roadbed.domains.telemetry.api import operations
from roadbed.domains.telemetry.figures import FIGURES
from roadbed.domains.telemetry.service import Telemetry
from roadbed.resource.domain import Domain
from roadbed.resource.stores import Stores


def _metadata() -> object:
    from roadbed.domains.telemetry.tables import metadata

    return metadata()


def _open(stores: Stores) -> Telemetry:
    return Telemetry(stores.database, stores.clock, stores.counters)


domain: Domain[Telemetry] = Domain(
    name="telemetry",
    title="Telemetry",
    operations=operations,
    open_stores=_open,
    metadata=_metadata,
    migrations="roadbed.domains.telemetry.migrations",
    figures=FIGURES,
)
