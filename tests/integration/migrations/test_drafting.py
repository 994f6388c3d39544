"""A revision written for somebody makes just what is declared, keeps the rows, and asks where it cannot know."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from roadbed.resource.registry import SHIPPED
from tests.integration.migrations.stages import STAGES

FIRST = {"pages": 1, "status": "in", "note": None}
ADDED = {"subtitle": None, "price": 5, "sold": True, "tags": '["it\'s"]', "since": "2020-01-02T00:00:00Z"}
AFTER = [
    {**FIRST, "title": "Übung 1"},
    {**FIRST, **ADDED, "weight": None},
    {"title": "Übung 1"},
    {"status": "in"},
    {"price": 5},
    {"name": "Übung 1"},
    {"isbn": None},
    {"search_text": "übung 1"},
    {"author": None, "search_text": "übung 1\n"},
    {"price": 5.0, "note": "none"},
    {"name": "Übung 1", "price": 5.0, "sold": True, "tags": '["it\'s"]', "pages": 1, "status": "in"},
    {"remark": None},
]
"""What the first row has after each stage, among other things."""

BOUNDS = "ck_shop_books_pages_ge, ck_shop_books_pages_le, ck_shop_books_title_max_length"
REMARKS = {
    3: [f"asks shop_books anew ({BOUNDS}): rows that do not fit stop it"],
    5: ["drops shop_books.subtitle with its values"],
    9: ["drops the table shop_books_history with its rows"],
}


def told(what: str, folder: Path, *more: str) -> list[Any]:
    command = [sys.executable, "-m", "tests.integration.migrations.stages", what, str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]


def test_edit_after_edit(engine_url: str, tmp_path: Path) -> None:
    """Every stage is written, run over the rows of the stages before, and compared with a fresh schema."""
    *stages, unfit, back = told(engine_url, tmp_path)
    assert [stage["ran"] for stage in stages] == [f"shop_{number:04}" for number in range(1, len(STAGES) + 1)]
    assert [(stage["differences"], stage["again"]) for stage in stages] == [([], "")] * len(STAGES)
    assert [len(stage["rows"]) for stage in stages] == list(range(1, len(STAGES) + 1))
    kept = [{name: stage["rows"][0][name] for name in after} for stage, after in zip(stages, AFTER, strict=True)]
    assert kept == AFTER
    assert stages[-1]["rows"][0].keys() & {"title", "subtitle", "isbn", "author", "weight", "search_text"} == set()
    assert {number: stages[number - 1]["remarks"] for number in REMARKS} == REMARKS
    assert (stages[0]["rebuilds"], stages[1]["rebuilds"], stages[-1]["rebuilds"]) == (False, True, False)
    assert unfit.startswith(f"revision shop_{len(STAGES) + 1:04} failed, nothing was changed: ")
    assert "ck_shop_books_pages_ge" in unfit
    assert back == [[f"shop_{len(STAGES):04}"], []]
    command = [sys.executable, "-m", "ruff", "format", "--diff", "--line-length", "120", f"revisions_{len(STAGES)}"]
    assert subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout == ""


def test_a_person_has_to_decide_and_is_told_all_at_once(tmp_path: Path) -> None:
    by_hand = "which needs a person: add a field with another name, or write the revision by hand (--empty)"
    or_drop = "if it is the same under another name, or --drop shop_books.title if its values may go"
    *refused, allowed = told("refusals", tmp_path)
    assert [each.removeprefix("no revision of shop was written: ").split("; ") for each in refused] == [
        ["shop_books.isbn: a new required field needs a default: rows that are there must have a value"],
        [
            f"shop_books.pages: its type changes from Integer64 to Instant, {by_hand}",
            f"shop_books.note: its type changes from Text to Flag, {by_hand}",
        ],
        [
            "shop_books: title goes and name comes",
            f"say --rename shop_books.title=name {or_drop}",
        ],
        [f"shop_books.id: its type changes from Id to Integer64, {by_hand}"],
        [f"{name!r} names no column of a table of this domain, as in books.title" for name in ("pens.a", "books")],
    ]
    assert "drops shop_books.title with its values" in allowed


def test_the_revisions_of_shipped_domains_lack_nothing_and_could_be_written_anew(
    engine_url: str, engine: str, tmp_path: Path
) -> None:
    *found, ran, differences = told("shipped", tmp_path, engine_url)
    assert [each[:2] for each in found] == [[name, ""] for name in SHIPPED]
    remarks = {name: remarks for name, _, remarks in found}
    assert remarks["ledger"] == ["was not compared, for only PostgreSQL has it: 0001_post.postgres.sql"]
    assert ran == ["platform_0001", "platform_0002", "platform_0003", *(f"{name}_0001" for name in SHIPPED)]
    # Functions are written by hand: everything else is there.
    assert [each for each in differences if not each.startswith("function ")] == []
    assert (differences == []) == (engine == "sqlite")
