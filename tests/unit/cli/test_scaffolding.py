"""Names that a new domain may not have; what is there is left as it is. What is written: tests/integration."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command


@pytest.mark.parametrize("name", ["Notes", "1st", "a__b", "a-b", "class", "a" * 21, "../notes", "_a", ""])
def test_no_name(roadbed: Command, folder: Path, name: str) -> None:
    done = roadbed("new", "domain", name)
    assert (done.code, "is no name for a domain" in done.err, list(folder.iterdir())) == (2, True, [])


@pytest.mark.parametrize("name", ["json", "pytest", "ledger", "platform", "roadbed"])
def test_a_name_that_is_taken(roadbed: Command, folder: Path, name: str) -> None:
    done = roadbed("new", "domain", name)
    assert (done.code, "is taken" in done.err, list(folder.iterdir())) == (2, True, [])


@pytest.mark.parametrize("there", ["notes", "notes.py"])
def test_what_is_there_is_left_as_it_is(roadbed: Command, folder: Path, there: str) -> None:
    (folder / there).write_text("mine")
    done = roadbed("new", "domain", "notes")
    assert (done.code, "is left as it is" in done.err, (folder / there).read_text()) == (2, True, "mine")
