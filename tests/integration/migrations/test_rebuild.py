"""A table of SQLite is rebuilt with all that Alembic's batch mode would lose."""

import apsw
import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import SchemaMismatch
from tests.integration.migrations.branches import Branch
from tests.integration.migrations.conftest import CopyOf
from tests.integration.migrations.reading import Rows, query, run, schema

TRIGGER = """CREATE TRIGGER tr_sale_no_delete BEFORE DELETE ON sale BEGIN SELECT RAISE(ABORT, 'kept: :all'); END"""

DECLARED = """
def declare(price):
    catalogue = new_metadata()
    table = new_table(
        "sale",
        catalogue,
        sa.Column("sale_id", Integer64(), primary_key=True),
        sa.Column("code", Text(max_length=8), nullable=False),
        sa.Column("price", Integer64(), nullable=False),
        sa.Column("follows", Integer64(), sa.ForeignKey("sale.sale_id")),
        *([sa.Column("paid", Flag(), nullable=False)] if price == "price > 0" else []),
        sa.CheckConstraint(price, name="price"),
        sa.UniqueConstraint("code"),
        rowid=False,
    )
    sa.Index(None, table.c.price, sqlite_where=sa.text("price > 100"))
    return table
"""

MAKE = f"""
{DECLARED}
sale = declare("price >= 0")
sale.create(op.get_bind())
execute_raw({TRIGGER!r})
op.create_table(
    "receipt",
    sa.Column("sale_id", Integer64(), sa.ForeignKey("sale.sale_id"), nullable=False),
    sqlite_strict=True,
)
execute_raw("CREATE TRIGGER tr_receipt AFTER INSERT ON receipt BEGIN UPDATE sale SET price = price + 1; END")
"""

ROWS = (
    "INSERT INTO sale VALUES (2, 'two', 20, NULL)",
    "INSERT INTO sale VALUES (1, 'one', 10, 2)",
    "INSERT INTO receipt VALUES (1)",
)


def rebuild_with(arguments: str, then: str = "") -> str:
    return f'{DECLARED}\nrebuild(declare("price > 0"), {arguments})\n{then}'


def make(url: str, location: Location) -> None:
    """Make the old table and some rows."""
    parent.upgrade(url, [location])
    run(url, *ROWS)


@pytest.fixture
def made(copy_of: CopyOf, shop: Branch) -> str:
    """A database with the old table."""
    location = shop.add(MAKE)
    return copy_of("table to rebuild", lambda url: make(url, location), "sqlite")


def schema_without_quotes(url: str) -> Rows:
    """SQLite quotes the name of a table that was renamed, and nothing else changes in its text."""
    return [tuple(part.replace('"sale"', "sale") for part in row) for row in schema(url)]


class TestRebuild:
    @pytest.fixture
    def rebuilt(self, copy_of: CopyOf, shop: Branch) -> str:
        def rebuild(url: str) -> None:
            make(url, shop.add(MAKE))
            values = "{'paid': 'price > 15', 'price': 'price * 2'}"
            parent.upgrade(url, [shop.add(rebuild_with(f"{values}, [{TRIGGER!r}]"))])

        return copy_of("rebuilt table", rebuild, "sqlite")

    def test_the_schema_is_as_if_made_so(self, rebuilt: str, tmp_path_factory: pytest.TempPathFactory) -> None:
        fresh = f"sqlite:///{tmp_path_factory.mktemp('fresh') / 'fresh.db'}"
        made_so = MAKE.replace('declare("price >= 0")', 'declare("price > 0")')
        folder = tmp_path_factory.mktemp("revisions")
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            parent.upgrade(fresh, [Branch(folder, "fresh").add(made_so)])
        assert schema_without_quotes(rebuilt) == schema(fresh)

    def test_rows_are_copied(self, rebuilt: str) -> None:
        assert query(rebuilt, "SELECT sale_id, code, price, follows, paid FROM sale ORDER BY sale_id") == [
            (1, "one", 22, 2, 0),
            (2, "two", 42, None, 1),
        ]

    def test_the_new_check_holds(self, rebuilt: str) -> None:
        with pytest.raises(apsw.ConstraintError, match="ck_sale_price"):
            run(rebuilt, "INSERT INTO sale VALUES (3, 'three', 0, NULL, 0)")

    @pytest.mark.parametrize(
        ("statement", "name"),
        [
            ("INSERT INTO sale VALUES (3, 'too long a code', 1, NULL, 0)", "ck_sale_code_max_length"),
            ("INSERT INTO sale VALUES (3, 'three', 1, NULL, 7)", "ck_sale_paid_flag"),
            ("INSERT INTO sale VALUES (3, 'two', 1, NULL, 0)", "UNIQUE"),
            ("INSERT INTO sale VALUES (3, 'three', 1, 9, 0)", "FOREIGN KEY"),
            ("INSERT INTO receipt VALUES (9)", "FOREIGN KEY"),
            ("DELETE FROM sale", "kept: :all"),
        ],
    )
    def test_what_held_before_still_holds(self, rebuilt: str, statement: str, name: str) -> None:
        with pytest.raises(apsw.ConstraintError, match=name):
            run(rebuilt, statement)

    def test_triggers_of_others_still_reach_it(self, rebuilt: str) -> None:
        run(rebuilt, "INSERT INTO receipt VALUES (2)")
        assert query(rebuilt, "SELECT price FROM sale ORDER BY sale_id") == [(23,), (43,)]


class TestRefusals:
    def refused(self, url: str, location: Location) -> str:
        before = (schema(url), query(url, "SELECT * FROM sale"))
        with pytest.raises(SchemaMismatch) as caught:
            parent.upgrade(url, [location])
        assert (schema(url), query(url, "SELECT * FROM sale")) == before
        return caught.value.detail

    def test_a_trigger_would_be_lost(self, made: str, shop: Branch) -> None:
        detail = self.refused(made, shop.add(rebuild_with("{'paid': '0'}")))
        assert detail == "rebuilding sale would lose its triggers: tr_sale_no_delete"

    def test_rows_do_not_fit(self, made: str, shop: Branch) -> None:
        run(made, "INSERT INTO sale VALUES (3, 'gift', 0, NULL)")
        detail = self.refused(made, shop.add(rebuild_with(f"{{'paid': '0'}}, [{TRIGGER!r}]")))
        assert detail == (
            "revision shop_0002 failed, nothing was changed: IntegrityError: CHECK constraint failed: ck_sale_price"
        )

    def test_a_new_column_without_a_value(self, made: str, shop: Branch) -> None:
        detail = self.refused(made, shop.add(rebuild_with(f"{{}}, [{TRIGGER!r}]")))
        assert detail.endswith("OperationalError: no such column: paid")

    def test_references_to_rows_that_are_gone(self, made: str, shop: Branch) -> None:
        then = "execute_raw('PRAGMA defer_foreign_keys = ON'); execute_raw('DROP TRIGGER tr_sale_no_delete'); "
        then += "execute_raw('DELETE FROM sale WHERE sale_id = 1')"
        detail = self.refused(made, shop.add(rebuild_with(f"{{'paid': '0'}}, [{TRIGGER!r}]", then)))
        assert detail == "rows would refer to rows that do not exist: receipt (row 1) → sale; nothing was changed"


def test_batch_mode_would_lose_checks_and_triggers(sqlite_url: str, shop: Branch) -> None:
    """Why there is a helper of our own: what Alembic reflects is less than what there is."""
    trigger = "CREATE TRIGGER tr AFTER INSERT ON bare BEGIN SELECT 1; END"
    make = f'execute_raw("CREATE TABLE bare (a INTEGER CHECK (a > 0)) STRICT")\nexecute_raw({trigger!r})'
    parent.upgrade(sqlite_url, [shop.add(make)])
    alter = 'with op.batch_alter_table("bare") as batch:\n    batch.alter_column("a", server_default="1")'
    parent.upgrade(sqlite_url, [shop.add(alter)])
    left = query(sqlite_url, "SELECT type, instr(sql, 'CHECK') FROM sqlite_master WHERE tbl_name = 'bare'")
    assert left == [("table", 0)]
