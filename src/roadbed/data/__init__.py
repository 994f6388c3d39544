"""The data engine: SQLite and PostgreSQL behind one async API, with natural batching."""
