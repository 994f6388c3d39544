"""Storage and failed requests, read for who asks: a running service, or the command line beside it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from roadbed.data.database import Database
from roadbed.data.listing import Listing
from roadbed.kernel.settings import Settings
from roadbed.platform import statements
from roadbed.platform.describing import table_shown
from roadbed.platform.measuring import WHOLE
from roadbed.platform.model import ErrorShown, Storage
from roadbed.platform.statements import ErrorRow
from roadbed.resource.domain import Domain
from roadbed.runtime.storage import nearest

_LAST = UUID(int=2**128 - 1)


async def storage_of(database: Database, settings: Settings, domains: Sequence[Domain[Any]]) -> Storage:
    """Return the tables as they were last measured, and the disk as it is now."""
    rows = await database.fetch(statements.STORAGE)
    whole = next((row for row in rows if row.name == WHOLE), None)
    gauges = database.gauges()
    is_file = database.dialect == "sqlite"
    disk = shutil.disk_usage(disk_of(settings))
    return Storage(
        engine=database.dialect,
        measured_at=None if whole is None else whole.at,
        database_bytes=int(gauges["database_bytes"]) if is_file else (whole.bytes or 0) if whole else 0,
        wal_bytes=int(gauges["wal_bytes"]) if is_file else None,
        free_bytes=whole.row_count if is_file and whole else None,
        disk_free=disk.free,
        disk_size=disk.total,
        tables=[table_shown(row, domains) for row in rows if row.name != WHOLE],
    )


async def errors_of(
    database: Database, limit: int, after: UUID | None = None, *, total: bool = False
) -> Listing[ErrorShown]:
    """Return a page of failed requests, newest first."""
    rows = await database.fetch(statements.ERRORS, before=after or _LAST, limit=limit + 1)
    more = rows[limit - 1].id if len(rows) > limit else None
    count = await database.fetch_one(statements.COUNT_ERRORS) if total else None
    return Listing([error_shown(row) for row in rows[:limit]], more, count.total if count else None)


def error_shown(row: ErrorRow) -> ErrorShown:
    """Return a failed request as it is shown."""
    return ErrorShown(
        id=row.id,
        at=row.at,
        request_id=row.request_id,
        method=row.method,
        route=row.route,
        status=row.status,
        type=f"urn:roadbed:problem:{row.problem or 'internal'}",
        title=row.title,
        error=row.error,
        node=row.node,
        pid=row.pid,
    )


def disk_of(settings: Settings) -> Path:
    """Return a folder on the disk that matters: that of the embedded database, or of the data directory."""
    return nearest(settings.sqlite_path.parent if settings.dialect == "sqlite" else settings.data)
