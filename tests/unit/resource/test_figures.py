"""What may be wrong with a figure: all of it is told at start, with the names of domain and metric."""

from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.figures import Counter, Figure, Gauge, Label, Look, measures_of, problems_among
from roadbed.resource.registry import SHIPPED, load_domains
from roadbed.resource.statements import query
from roadbed.runtime.measures import ALL

GOOD = Counter("roadbed_shop_sales_total", "Sales.", (Label("size", ("s", "m")),))


class Shelf(msgspec.Struct):
    shelf: str
    books: int
    last: datetime


def look(sql: str = "SELECT 1", *, called: str = "shop_shelves", **gauge: object) -> Look:
    given = {"name": "roadbed_shop_books", "help": "Books.", "column": "books", "labels": ("shelf",)} | gauge
    return Look(called, query("shelves", Shelf, sql), (msgspec.convert(given, Gauge),))


def test_what_is_right_is_right() -> None:
    figures: list[Figure] = [GOOD, look("SELECT shelf, 1, at FROM shelf WHERE at < :now")]
    assert problems_among([("shop", figures)]) == []
    assert [measure.name for measure in measures_of(figures)] == ["roadbed_shop_sales_total", "roadbed_shop_books"]


def test_a_name_with_a_hyphen_has_a_line_instead() -> None:
    assert problems_among([("book-shop", [Counter("roadbed_book_shop_sales_total", "Sales.")])]) == []


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (Counter("roadbed_sales_total", "Sales."), "no name of a counter, which looks like roadbed_shop_…_total"),
        (Counter("roadbed_shop_sales", "Sales."), "no name of a counter"),
        (Counter("roadbed_shop_Sales_total", "Sales."), "no name of a counter"),
        (look(name="roadbed_shop_books_total"), "no name of a gauge"),
        (Counter("roadbed_shop_a_total", "A.", (Label("le", ("x",)),)), "labels le"),
        (Counter("roadbed_shop_a_total", "A.", (Label("a-b", ("x",)),)), "labels a-b"),
        (Counter("roadbed_shop_a_total", "A.", (Label("a", ("x",)), Label("a", ("y",)))), "labels a, a"),
        (Counter("roadbed_shop_a_total", "A.", (Label("aa", ()),)), "0 series, where 1 to 100"),
        (Counter("roadbed_shop_a_total", "A.", (Label("aa", tuple(map(str, range(101)))),)), "101 series"),
        (look(column="pages"), "'pages' is no column of 'shelves'"),
        (look(labels=("room",)), "'room' is no column of 'shelves'"),
        (look("SELECT shelf, 1, at FROM shelf WHERE shelf = :shelf"), "is to read, and may know :now alone"),
        (look("DELETE FROM shelf"), "is to read, and may know :now alone"),
    ],
)
def test_what_is_wrong_is_told(figure: Figure, words: str) -> None:
    (problem,) = problems_among([("shop", [figure])])
    assert problem.startswith("shop: ")
    assert words in problem


def test_names_are_given_once() -> None:
    assert problems_among([("shop", [GOOD, look(), GOOD, look(called="other")])]) == [
        "figures: 'roadbed_shop_books' is declared twice",
        "figures: 'roadbed_shop_sales_total' is declared twice",
    ]
    assert problems_among([("shop", [look(), look(name="roadbed_shop_more")])]) == [
        "figures: 'shop_shelves' is declared twice"
    ]


def test_a_name_of_the_platforms_own_is_taken() -> None:
    assert problems_among([("http", [Counter("roadbed_http_requests_total", "Mine.")])]) == [
        "figures: 'roadbed_http_requests_total' is declared twice"
    ]


def test_a_start_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop_of_wrong_figures.py").write_text(
        "from roadbed.resource.domain import Domain\n"
        "from roadbed.resource.figures import Counter\n"
        "domain = Domain(name='shop', title='Shop', figures=[Counter('sales', 'Sales.')])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match="shop: sales: no name of a counter"):
        load_domains(["shop_of_wrong_figures:domain"])


@pytest.mark.parametrize("name", SHIPPED)
def test_ours_have_names_and_help_as_the_platforms_have(name: str) -> None:
    (domain,) = load_domains([name])
    for measure in measures_of([*domain.figures, *domain.looks()]):
        assert (measure.help[0].isupper(), measure.help[-1]) == (True, ".")
        assert (measure.name.startswith(f"roadbed_{name}_"), measure in ALL) in {(True, False), (False, True)}
