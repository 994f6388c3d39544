"""Reading constraints out of SQLite's text, and telling two schemas apart. Databases: see the integration tests."""

from roadbed.data.migrations.introspect import Schema, compare, constraints, normal


class TestConstraints:
    def found(self, sql: str) -> list[tuple[str, str]]:
        return list(constraints(sql))

    def test_inside_columns_and_of_the_table(self) -> None:
        sql = """CREATE TABLE t (
            a BLOB CONSTRAINT ck_t_a_length CHECK (length(a) = 16) NOT NULL,
            b INTEGER,
            CONSTRAINT pk_t PRIMARY KEY (a),
            CONSTRAINT uq_t_b UNIQUE (b), CONSTRAINT "ck_t_b" CHECK (b > 0),
            CONSTRAINT fk_t_b FOREIGN KEY(b) REFERENCES u (id)
        ) STRICT"""
        assert self.found(sql) == [
            ("ck_t_a_length", "CHECK (length(a) = 16)"),
            ("pk_t", "PRIMARY KEY (a)"),
            ("uq_t_b", "UNIQUE (b)"),
            ("ck_t_b", "CHECK (b > 0)"),
            ("fk_t_b", "FOREIGN KEY(b)"),
        ]

    def test_without_a_name(self) -> None:
        assert self.found("CREATE TABLE t (a INTEGER CHECK (a IN (0, 1)))") == [("", "CHECK (a IN (0, 1))")]

    def test_parentheses_in_quotes_do_not_count(self) -> None:
        sql = """CREATE TABLE t (a TEXT, CONSTRAINT c CHECK (a <> ')' AND "b)" <> '(('), b INTEGER CHECK (b > 0))"""
        assert self.found(sql) == [("c", """CHECK (a <> ')' AND "b)" <> '((')"""), ("", "CHECK (b > 0)")]

    def test_of_a_text_that_ends_too_early(self) -> None:
        assert self.found("CREATE TABLE t (CHECK ((a)") == [("", "CHECK ((a)")]

    def test_of_a_table_without_any(self) -> None:
        assert self.found("CREATE TABLE t (a INTEGER)") == []


def test_normal_sql_has_single_blanks() -> None:
    assert normal(" CREATE\n  INDEX  i\tON t (a) ") == "CREATE INDEX i ON t (a)"


DECLARED: Schema = {
    ("sale", "table"): "strict=1",
    ("sale", "column price"): "INTEGER 1",
    ("sale", "constraint ck_sale_price"): "CHECK (price > 0)",
    ("", "function sell()"): "CREATE FUNCTION sell() …",
}


class TestCompare:
    def test_equal_schemas(self) -> None:
        assert compare(DECLARED, dict(DECLARED)) == []

    def test_something_is_missing(self) -> None:
        actual = {key: text for key, text in DECLARED.items() if key != ("sale", "constraint ck_sale_price")}
        assert compare(DECLARED, actual) == ["sale: constraint ck_sale_price: missing"]

    def test_a_function_is_missing(self) -> None:
        assert compare(DECLARED, {key: text for key, text in DECLARED.items() if key[0]}) == [
            "function sell(): missing"
        ]

    def test_something_is_not_declared(self) -> None:
        actual = {**DECLARED, ("sale", "index by_hand"): "CREATE INDEX by_hand ON sale (price)"}
        assert compare(DECLARED, actual) == ["sale: index by_hand: not declared"]

    def test_something_differs(self) -> None:
        actual = {**DECLARED, ("sale", "constraint ck_sale_price"): "CHECK (price >= 0)"}
        assert compare(DECLARED, actual) == [
            "sale: constraint ck_sale_price: is 'CHECK (price >= 0)', declared as 'CHECK (price > 0)'"
        ]

    def test_what_belongs_to_others_does_not_matter(self) -> None:
        actual = {**DECLARED, ("theirs", "column x"): "INTEGER", ("", "function theirs()"): "CREATE FUNCTION theirs()"}
        assert compare(DECLARED, actual) == []
