"""What a revision may do: files of SQL, prints, several domains side by side."""

import pytest

from roadbed.data.migrations import parent
from tests.integration.migrations.branches import MAKE_NOTE, Branch
from tests.integration.migrations.reading import query, schema, stored_heads

POSTGRES_FILE = """
-- :a, %s and a[1:2] are no parameters
CREATE FUNCTION first_two(a bigint[]) RETURNS bigint[] LANGUAGE sql AS $$ SELECT a[1:2] $$;
CREATE FUNCTION percent() RETURNS text LANGUAGE sql AS $$ SELECT '100 %s'::text $$;
"""

SQLITE_FILE = """
-- :a, %s and ?1 are no parameters
CREATE TABLE log (line TEXT NOT NULL) STRICT;
CREATE TRIGGER tr_log AFTER INSERT ON log WHEN new.line = 'one' BEGIN
    INSERT INTO log VALUES ('two; :a');
    INSERT INTO log VALUES ('100 %s');
END;
INSERT INTO log VALUES ('one');
"""


class TestFiles:
    def add(self, shop_folder: Branch, sql: str) -> str:
        return f"(HERE / 'more.sql').write_text({sql!r})\nexecute_file(HERE / 'more.sql')"

    def test_on_postgres(self, postgres_url: str, shop: Branch) -> None:
        parent.upgrade(postgres_url, [shop.add(self.add(shop, POSTGRES_FILE))])
        assert query(postgres_url, "SELECT first_two(ARRAY[1, 2, 3]), percent()") == [([1, 2], "100 %s")]

    def test_on_sqlite(self, sqlite_url: str, shop: Branch) -> None:
        parent.upgrade(sqlite_url, [shop.add(self.add(shop, SQLITE_FILE))])
        assert query(sqlite_url, "SELECT line FROM log ORDER BY line") == [("100 %s",), ("one",), ("two; :a",)]

    @pytest.mark.parametrize(("url", "sql"), [("postgresql://h/d", POSTGRES_FILE), ("sqlite:///a.db", SQLITE_FILE)])
    def test_in_a_preview_are_shown_as_they_are(self, url: str, sql: str, shop: Branch) -> None:
        assert sql.strip() in parent.sql_preview(url, (), [shop.add(self.add(shop, sql))])

    def test_a_file_that_fails_undoes_the_revision(self, engine_url: str, shop: Branch) -> None:
        broken = "CREATE TABLE a (b TEXT);\nCREATE TABLE a (b TEXT);\n"
        with pytest.raises(Exception, match="revision shop_0001 failed, nothing was changed"):
            parent.upgrade(engine_url, [shop.add(self.add(shop, broken))])
        assert schema(engine_url) == []


def test_one_that_prints_disturbs_nobody(sqlite_url: str, shop: Branch) -> None:
    location = shop.add("print('{\"revisions\": []}', flush=True)\nos.system('echo noise')")
    assert parent.upgrade(sqlite_url, [location]) == ["platform_0001", "platform_0002", "platform_0003", "shop_0001"]


def test_domains_go_their_own_ways(
    engine_url: str, shop: Branch, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("other")
    monkeypatch.syspath_prepend(folder)
    zoo = Branch(folder, "zoo")
    locations = [shop.add(MAKE_NOTE, "op.drop_table('note')"), zoo.add("pass")]
    assert parent.upgrade(engine_url, locations) == [
        "platform_0001",
        "platform_0002",
        "platform_0003",
        "shop_0001",
        "zoo_0001",
    ]
    locations = [shop.add("pass"), zoo.add("pass")]
    assert parent.upgrade(engine_url, locations) == ["shop_0002", "zoo_0002"]
    assert parent.downgrade(engine_url, locations, "shop", "shop_0001") == ["shop_0002"]
    assert stored_heads(engine_url) == {"platform_0003", "shop_0001", "zoo_0002"}
