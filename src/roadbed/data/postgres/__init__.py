"""PostgreSQL through asyncpg (the ``postgres`` extra)."""

from roadbed.data.postgres.engine import PostgresDatabase, open_postgres
from roadbed.data.postgres.pool import PostgresOptions

__all__ = ["PostgresDatabase", "PostgresOptions", "open_postgres"]
