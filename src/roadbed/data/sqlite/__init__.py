"""SQLite through apsw."""

from roadbed.data.sqlite.engine import SqliteDatabase, SqliteOptions, open_sqlite

__all__ = ["SqliteDatabase", "SqliteOptions", "open_sqlite"]
