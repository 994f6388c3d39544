"""Templates, vouchers and their histories; and the two templates that are there from the first start."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from roadbed.data.columns import Digest, Flag, Id, Instant, Integer64, JsonText, Text
from roadbed.data.migrations.operations import execute_raw
from roadbed.data.schema import append_only_statements
from roadbed.kernel.clock import to_micros

revision = "vouchers_0001"
down_revision = None
branch_labels = ("vouchers",)
depends_on = None

CURRENCIES = "\"currency\" IN ('EUR', 'USD')"
STATUSES = "\"status\" IN ('purchased', 'cancelled', 'used', 'expired', 'refunded')"
MOST = 2**63 - 1

TEMPLATES = (
    (
        UUID("01930000-0000-7000-8000-000000000001"),
        "Quantum Cuisine - introductory course",
        4136,
        (
            "Three evenings at the stove: flavours in superposition, a soufflé under observation, and a menu that you "
            "may both have eaten and not eaten. For beginners. Aprons are lent."
        ),
    ),
    (
        UUID("01930000-0000-7000-8000-000000000002"),
        "Quantum Cuisine - dealing with taste entanglement",
        29979,
        (
            "Five days for advanced cooks: pairs of dishes that change together however far apart they are served, "
            "and what to do when a guest measures only one of them. With lunch and a certificate."
        ),
    ),
)
"""Id, title, price in cents of EUR and description of the templates that are there from the first start."""


def upgrade() -> None:
    """Make the tables, and write the first templates."""
    op.create_table(
        "vouchers_templates",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("title", Text(max_length=300, min_length=1), nullable=False),
        sa.Column("description", Text(max_length=10_000), nullable=False),
        sa.Column("price", Integer64(), nullable=False),
        sa.Column("currency", Text(max_length=3), nullable=False),
        sa.Column("active", Flag(), nullable=False),
        *_managed(),
        sa.CheckConstraint('"price" >= 1', name="price_ge"),
        sa.CheckConstraint(f'"price" <= {MOST}', name="price_le"),
        sa.CheckConstraint(CURRENCIES, name="currency_choices"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(None, "vouchers_templates", ["created_at", "id"])
    op.create_table(
        "vouchers",
        sa.Column("id", Id(), primary_key=True),
        sa.Column("template_id", Id(), sa.ForeignKey("vouchers_templates.id"), nullable=False),
        sa.Column("code", Digest(length=32), nullable=False),
        sa.Column("title", Text(max_length=300, min_length=1), nullable=False),
        sa.Column("description", Text(max_length=10_000), nullable=False),
        sa.Column("price", Integer64(), nullable=False),
        sa.Column("currency", Text(max_length=3), nullable=False),
        sa.Column("buyer", Text(max_length=100, min_length=1), nullable=False),
        sa.Column("email", Text(max_length=254)),
        sa.Column("status", Text(max_length=9), nullable=False),
        sa.Column("expires_at", Instant()),
        *_managed(),
        sa.CheckConstraint('"price" >= 1', name="price_ge"),
        sa.CheckConstraint(f'"price" <= {MOST}', name="price_le"),
        sa.CheckConstraint(CURRENCIES, name="currency_choices"),
        sa.CheckConstraint(STATUSES, name="status_choices"),
        sa.UniqueConstraint("code"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for column in ("created_at", "template_id", "buyer", "status"):
        op.create_index(None, "vouchers", [column, "id"])
    dialect = op.get_context().dialect.name
    for table in ("vouchers_templates_history", "vouchers_history"):
        _make_history(table, dialect)
    for statement in _first_templates(dialect, datetime.now(UTC)):
        execute_raw(statement)


def _first_templates(dialect: str, at: datetime) -> Iterator[str]:
    """Yield statements without parameters: rows, versions and history.

    The feed's row may be there already, from before a downgrade: versions go on from it.
    """
    count = len(TEMPLATES)
    yield (
        f"INSERT INTO feed (name, number) VALUES ('vouchers_templates', {count}) "
        f"ON CONFLICT (name) DO UPDATE SET number = feed.number + {count}"
    )
    instant = str(to_micros(at)) if dialect == "sqlite" else f"'{at.isoformat()}'"
    active = "1" if dialect == "sqlite" else "true"
    written = at.isoformat().replace("+00:00", "Z")
    for place, (key, title, price, description) in enumerate(TEMPLATES, 1):
        identity = f"X'{key.hex}'" if dialect == "sqlite" else f"'{key}'"
        version = f"(number - {count - place})"
        row = {"id": str(key), "title": title, "description": description, "price": price, "currency": "EUR"}
        row |= {"active": True, "created_at": written, "updated_at": written}
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))[:-1] + ',"version":'
        yield (
            "INSERT INTO vouchers_templates "
            "(id, title, price, currency, description, active, version, created_at, updated_at) "
            f"SELECT {identity}, '{title}', {price}, 'EUR', '{description}', {active}, {version}, {instant}, {instant} "
            "FROM feed WHERE name = 'vouchers_templates'"
        )
        yield (
            'INSERT INTO vouchers_templates_history (id, version, at, actor, action, "before", "after") '
            f"SELECT {identity}, {version}, {instant}, 'roadbed', 'create', NULL, '{text}' || {version} || '}}' "
            "FROM feed WHERE name = 'vouchers_templates'"
        )


def _managed() -> list["sa.Column[object]"]:
    return [
        sa.Column("version", Integer64(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
    ]


def _make_history(table: str, dialect: str) -> None:
    op.create_table(
        table,
        sa.Column("id", Id(), primary_key=True),
        sa.Column("version", Integer64(), primary_key=True, autoincrement=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", Text(), nullable=False),
        sa.Column("action", Text(), nullable=False),
        sa.Column("before", JsonText()),
        sa.Column("after", JsonText()),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for statement in append_only_statements(table, dialect):
        execute_raw(statement)


def downgrade() -> None:
    """Drop the tables. Their feeds stay: no version is ever used again."""
    for table in ("vouchers_history", "vouchers_templates_history", "vouchers", "vouchers_templates"):
        op.drop_table(table)
