"""Let Alembic compare a database with declared tables, as somebody who writes the next revision would.

A program of its own, because Alembic opens SQLite by the standard library, which no process of ours may mix with apsw:
``python -m tests.integration.migrations.autogenerate <url> <module:function> …`` prints the body of ``upgrade()``.
"""

import asyncio
import sys
from importlib import import_module

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from roadbed.data.schema import belongs


def upgrade_body(connection: Connection, catalogues: list[MetaData]) -> str:
    dialect = connection.dialect.name
    options = {"target_metadata": catalogues, "include_object": lambda item, *_: belongs(item, dialect)}
    context = MigrationContext.configure(connection, opts=options)
    # pyright knows no list of catalogues here; Alembic does.
    script = produce_migrations(context, catalogues)  # pyright: ignore[reportArgumentType]
    assert script.upgrade_ops is not None
    return render_python_code(script.upgrade_ops, user_module_prefix="", migration_context=context)


async def on_postgres(url: str, catalogues: list[MetaData]) -> str:
    async with create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:")).connect() as connection:
        return await connection.run_sync(upgrade_body, catalogues)


def main(url: str, *declared: str) -> str:
    catalogues: list[MetaData] = []
    for path in declared:
        module, _, name = path.partition(":")
        catalogues.append(getattr(import_module(module), name)())
    if url.startswith("postgresql:"):
        return asyncio.run(on_postgres(url, catalogues))
    with create_engine(url).connect() as connection:
        return upgrade_body(connection, catalogues)


if __name__ == "__main__":
    sys.stdout.write(main(*sys.argv[1:]) + "\n")
