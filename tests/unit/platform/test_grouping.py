"""Statements over all the numbers of a row: none is forgotten, and each is summed up as its kind wants it."""

import re
from typing import get_args

import msgspec
import pytest

from roadbed.data.named_sql import Dialect
from roadbed.data.statistic_columns import COUNTS, REALS, STATES
from roadbed.platform.grouping import STATEMENTS
from roadbed.platform.statements import SERIES, SeriesRow

DIALECTS = get_args(Dialect)
COLUMNS = ("at", "process", "node", "pid", "started_at", *REALS, *COUNTS, *STATES)
DISKS = {"min(disk_free)", "max(disk_size)", "max(database_bytes)"}


def inserted(text: str) -> tuple[str, ...]:
    found = re.search(r"INSERT INTO statistic \(([^)]*)\)", text)
    assert found
    return tuple(found[1].split(", "))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_row_is_written_whole(dialect: Dialect) -> None:
    write = STATEMENTS["write"][dialect]
    assert (inserted(write.text), write.parameters, write.writes) == (COLUMNS, COLUMNS, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_span_has_the_columns_of_its_struct_in_order(dialect: Dialect) -> None:
    shown = SERIES.text(dialect).rpartition("SELECT ")[2]
    assert tuple(re.findall(r" AS (\w+)(?:,|\n)", shown)) == SeriesRow.__struct_fields__


def test_the_struct_of_a_span_has_every_number() -> None:
    names = {field.name for field in msgspec.structs.fields(SeriesRow)}
    assert names == {"bucket", "queued_most", *REALS, *COUNTS, *STATES}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", ["series", "thin"])
def test_what_all_processes_share_is_not_added_up(name: str, dialect: Dialect) -> None:
    text = STATEMENTS[name][dialect].text
    assert set(re.findall(r"\w+\((?:disk|database_bytes)\w*\)", text)) == DISKS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_minute_fills_every_column(dialect: Dialect) -> None:
    thin = STATEMENTS["thin"][dialect]
    values = thin.text.rpartition("SELECT ")[2].partition("FROM tick")[0]
    named = [name for name in (*REALS, *COUNTS, *STATES) if f"({name})" in values]
    assert inserted(thin.text) == COLUMNS
    assert (tuple(named), thin.writes) == (COLUMNS[5:], True)
