"""What all parts of a run stand on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.harness.cores import Cores
from bench.harness.plan import Effort
from bench.harness.postgres import Cluster

Say = Callable[[str], None]


class Ground(msgspec.Struct, frozen=True):
    """A folder on a disk, who has which core, the database server, how much is done, and where progress is told.

    ``cluster`` is None where nothing needs PostgreSQL.
    """

    folder: Path
    cores: Cores
    cluster: Cluster | None
    effort: Effort
    say: Say
