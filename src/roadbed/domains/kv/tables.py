"""The tables of the store.

``kv_entry`` holds each key as it is now, ``kv_history`` what it was before: a write moves the row that it replaces
there, so that a new key costs one row and not two. A deletion leaves a row without a value, under its own version. Both
together are all versions of a key, each once.

``kv_entry`` keeps a row past its ``expires_at`` until the next write of its key moves it. Nothing reads it until then.

Both have a rowid on SQLite: values are long, and a tree that is searched by key should hold many keys to a page.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import CheckConstraint, Column, MetaData

from roadbed.data.columns import Instant, Integer64, JsonText, Text
from roadbed.data.schema import add_script, new_metadata, new_table
from roadbed.domains.kv.model import MAX_KEY

SEGMENTS = " AND ".join(f"'/' || key || '/' NOT LIKE '%/{segment}/%'" for segment in ("", ".", ".."))
"""No part between slashes is empty, ``.`` or ``..``."""


def metadata() -> MetaData:
    """Return the store's tables. ``value`` is JSON text as it was sent; ``version`` is a number of the feed ``kv``."""
    catalogue = new_metadata()
    new_table(
        "kv_entry",
        catalogue,
        Column("key", Text(max_length=MAX_KEY, min_length=1), primary_key=True),
        Column("value", JsonText(), nullable=False),
        Column("version", Integer64(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        Column("expires_at", Instant()),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(SEGMENTS, name="segments"),
    )
    new_table(
        "kv_history",
        catalogue,
        Column("key", Text(max_length=MAX_KEY, min_length=1), primary_key=True),
        Column("version", Integer64(), primary_key=True),
        Column("value", JsonText()),
        Column("updated_at", Instant(), nullable=False),
        Column("expires_at", Instant()),
        CheckConstraint("version >= 1", name="version"),
    )
    add_script(catalogue, "postgresql", Path(__file__).parent / "migrations" / "0001_write.postgres.sql")
    return catalogue
