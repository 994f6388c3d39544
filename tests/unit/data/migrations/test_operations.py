"""Scripts of SQLite are parted where SQLite says that a statement ends."""

import pytest

from roadbed.data.migrations.operations import split

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE a SET b = ';';\n  DELETE FROM c;\nEND;"


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("", []),
        ("SELECT 1;", ["SELECT 1;"]),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\n\nSELECT\n  2;\n", ["SELECT 1;", "SELECT\n  2;"]),
        (f"{TRIGGER}\nSELECT 1;", [TRIGGER, "SELECT 1;"]),
        ("SELECT ';\n';\nSELECT 2;", ["SELECT ';\n';", "SELECT 2;"]),
        ("-- words;\nSELECT 1;", ["-- words;\nSELECT 1;"]),
    ],
)
def test_split(sql: str, statements: list[str]) -> None:
    assert list(split(sql)) == statements
