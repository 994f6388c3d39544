"""PostgreSQL through asyncpg (the ``postgres`` extra)."""

from roadbed.data.postgres.engine import PostgresDatabase, PostgresOptions, open_postgres

__all__ = ["PostgresDatabase", "PostgresOptions", "open_postgres"]
