"""What a declaration comes to in a database, as a short text: it changes when tables do, and is quick to make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from roadbed.data.migrations.locations import FINGERPRINT
from roadbed.resource.fields import Field
from roadbed.resource.plan import Plan

_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length")


def fingerprint(plans: list[Plan], catalogue: Any = None) -> str:
    """Return the fingerprint of resources, and of a ``sqlalchemy.MetaData`` of other tables."""
    said: list[Any] = [*(_said(plan) for plan in plans), *([] if catalogue is None else _ddl(catalogue))]
    return hashlib.sha256(msgspec.json.encode(said, enc_hook=repr)).hexdigest()[:FINGERPRINT]


def _said(plan: Plan) -> list[Any]:
    resource = plan.resource
    fields = sorted((_field(field) for field in plan.stored), key=lambda each: each[0])
    return [plan.table, fields, sorted(plan.uniques()), resource.order.lstrip("-"), resource.history, plan.searched]


def _field(field: Field) -> list[Any]:
    bounds = [field.bound(name) for name in _BOUNDS]
    points = field.reference and field.reference.resource
    marks = (field.optional, field.key, field.indexed, points)
    return [field.name, field.kind, *marks, field.choices, bounds]


def _ddl(catalogue: Any) -> Iterator[str]:
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable

    dialect = sqlite.dialect()
    for table in catalogue.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        yield from sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
