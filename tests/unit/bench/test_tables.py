"""Tables are readable as text and valid as Markdown."""

import pytest

from bench.harness.tables import amount, table


def test_columns_are_aligned() -> None:
    expected = """\
| contender | create |
| --------- | -----: |
| a         |     12 |
| longer    |  8,120 |"""

    assert table(("contender", "create"), [("a", "12"), ("longer", "8,120")]) == expected


def test_more_columns_may_be_flush_left() -> None:
    lines = table(("target", "against", "x"), [("create", "Fastify", "1")], left=2).splitlines()

    assert lines[1] == "| ------ | ------- | --: |"


def test_a_head_alone_is_a_table_too() -> None:
    assert table(("a", "b"), []) == "| a   |   b |\n| --- | --: |"


def test_a_bar_in_a_cell_stays_in_its_cell() -> None:
    assert table(("a", "b"), [("x|y", "1")]).splitlines()[2] == "| x\\|y |   1 |"


def test_all_lines_are_equally_long() -> None:
    lines = table(("", "p50", "µs"), [("é", "≥ 3.00 ×", "1"), ("", "", "")]).splitlines()

    assert len({len(line) for line in lines}) == 1


def test_a_row_that_does_not_fit_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 under a head of 2"):
        table(("a", "b"), [("1",)])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0421, "0.042"),
        (0.5, "0.50"),
        (9.876, "9.88"),
        (12.34, "12.3"),
        (456.7, "457"),
        (1234.5, "1,230"),
        (12_345.6, "12,300"),
        (0.0, "0.000"),
    ],
)
def test_amounts_show_three_digits(value: float, text: str) -> None:
    assert amount(value) == text
