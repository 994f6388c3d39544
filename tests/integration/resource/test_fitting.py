"""A struct that is ahead of its revisions: refused before anything is served, on both engines."""

from pathlib import Path
from uuid import UUID

import apsw
import pytest
from msgspec import Struct

from roadbed.data.opening import open_database
from roadbed.data.sqlite.connection import SqliteRun
from roadbed.domains.items import domain as items
from roadbed.kernel.errors import SchemaMismatch
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain
from roadbed.resource.fitting import require_columns
from tests.conftest import StartService


class Item(Struct):
    """A thing to do, by somebody, before something."""

    id: UUID
    name: str
    assignee: str
    completed: bool = False
    note: str = ""


ahead = Domain(name="items", title="To-do list", resources=[Resource(struct=Item, path="/items", history=True)])


async def test_what_no_revision_has_brought_is_named(start_service: StartService, current_url: str) -> None:
    service = start_service(database_url=current_url, arguments=["--domains", "items"])
    settings = Settings(database_url=current_url, data=service.data)
    database = await open_database(settings, Events())
    try:
        await require_columns(database, [items])
        with pytest.raises(SchemaMismatch) as refused:
            await require_columns(database, [items, ahead])
    finally:
        await database.close(5)
    assert "items.assignee, items.note" in refused.value.detail
    assert "roadbed migrate new items" in refused.value.detail


def test_a_quoted_name_that_is_no_column_is_an_error(tmp_path: Path) -> None:
    run = SqliteRun(str(tmp_path / "a.db"), write=True, busy_timeout=1.0, statement_timeout=0.0)
    try:
        run.connection.execute("CREATE TABLE t (a TEXT)")
        with pytest.raises(apsw.SQLError, match="no such column"):
            run.connection.execute('SELECT "note" FROM t')
    finally:
        run.close()
