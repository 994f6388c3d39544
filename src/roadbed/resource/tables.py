"""The tables of resources, as SQLAlchemy declares them: for migrations and schema tests, never on a request's path."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, UniqueConstraint

from roadbed.data.columns import Digest, Flag, Id, Instant, Integer64, JsonText, Real, Text
from roadbed.data.schema import SEARCH_OF, SEARCHED, append_only, new_metadata, new_table
from roadbed.http.parameters import REQUIRED
from roadbed.resource.fields import LONGEST_TEXT, MANAGED, Field
from roadbed.resource.plan import Plan
from roadbed.resource.secrets import DIGEST_SIZE
from roadbed.resource.statements import SEARCH, history_table

_SHOWN = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_PLAIN: dict[str, Any] = {
    "uuid": Id,
    "integer": Integer64,
    "real": Real,
    "flag": Flag,
    "instant": Instant,
    "json": JsonText,
    "digest": partial(Digest, length=DIGEST_SIZE),
}


def tables(plans: Iterable[Plan], catalogue: MetaData | None = None) -> MetaData:
    """Add the tables of some resources to a catalogue (a new one unless given), and return it."""
    catalogue = new_metadata() if catalogue is None else catalogue
    for plan in plans:
        _add(plan, catalogue)
    return catalogue


def _add(plan: Plan, catalogue: MetaData) -> None:
    parents = {field.name: parent for field, parent in plan.parents}
    parts: list[Any] = [_column(field, parents.get(field.name)) for field in plan.stored]
    parts += [Column(name, _kind(plan.types[name]), nullable=False) for name in MANAGED]
    if plan.searched:
        parts.append(Column(SEARCH, Text(), nullable=False, default="", info={SEARCHED: plan.searched}))
        # Its name says what the column was filled from, so that a migration sees when that changes.
        parts.append(CheckConstraint(f'"{SEARCH}" IS NOT NULL', name=SEARCH_OF + "_".join(plan.searched)))
    for field in plan.stored:
        parts += _checks(field)
    parts += [UniqueConstraint(*group) for group in plan.uniques()]
    table = new_table(plan.table, catalogue, *parts, rowid=False)
    for group in plan.indexes():
        Index(None, *[table.c[name] for name in group])
    if plan.resource.history:
        _add_history(plan, catalogue)


def _add_history(plan: Plan, catalogue: MetaData) -> None:
    append_only(
        new_table(
            history_table(plan),
            catalogue,
            Column(plan.key.name, _kind(plan.key), primary_key=True),
            Column("version", Integer64(), primary_key=True),
            Column("at", Instant(), nullable=False),
            Column("actor", Text(), nullable=False),
            Column("action", Text(), nullable=False),
            Column("before", JsonText()),
            Column("after", JsonText()),
            rowid=False,
        )
    )


def _column(field: Field, parent: Plan | None) -> Column[Any]:
    # Rows that refer are treated by the write path, which keeps their history: the engines only forbid what it forgot.
    parts = [] if parent is None else [ForeignKey(f"{parent.table}.{parent.key.name}")]
    nullable = field.optional and not field.key
    return Column(field.name, _kind(field), *parts, primary_key=field.key, nullable=nullable, default=_default(field))


def _default(field: Field) -> Any:
    """Return what rows get that were there before the field; no statement of ours asks SQLAlchemy for it."""
    if field.key or field.default is REQUIRED or field.default is None:
        return None
    return msgspec.json.encode(field.default).decode() if field.kind == "json" else _plain(field.default)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _kind(field: Field) -> Any:
    if field.kind != "text":
        return _PLAIN[field.kind]()
    if field.choices:
        return Text(max_length=max(map(len, field.choices)))
    return Text(max_length=field.bound("max_length") or LONGEST_TEXT, min_length=field.bound("min_length") or 0)


def _checks(field: Field) -> list[CheckConstraint]:
    quoted = f'"{field.name}"'
    if field.choices:
        listed = ", ".join("'" + choice.replace("'", "''") + "'" for choice in field.choices)
        return [CheckConstraint(f"{quoted} IN ({listed})", name=f"{field.name}_choices")]
    if field.kind not in ("integer", "real"):
        return []
    bounds = [(name, sign, field.bound(name)) for name, sign in _SHOWN.items()]
    return [
        CheckConstraint(f"{quoted} {sign} {value!r}", name=f"{field.name}_{name}")
        for name, sign, value in bounds
        if value is not None
    ]
