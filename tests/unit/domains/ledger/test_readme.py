"""The README of the ledger names every call and every kind of refusal."""

from pathlib import Path

from roadbed.domains import ledger
from roadbed.domains.ledger.postings import FLOOR, OVERFLOW, REVERSED, TAKEN, refusal
from roadbed.kernel.errors import Conflict, KeyReused, PreconditionFailed

README = (Path(ledger.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_every_call_is_there() -> None:
    assert ledger.domain.operations is not None
    calls = [f"{one.method} {one.path}" for one in ledger.domain.operations.declared]
    assert [call for call in calls if call not in README] == []


def test_every_kind_of_refusal_is_there() -> None:
    conflicts = [
        error.kind for error in map(refusal, (TAKEN, REVERSED, OVERFLOW, FLOOR)) if isinstance(error, Conflict)
    ]
    assert len(conflicts) == 4
    assert [kind for kind in (*conflicts, KeyReused.slug, PreconditionFailed.slug) if f"`{kind}`" not in README] == []


def test_the_files_that_it_names_are_there() -> None:
    here = Path(ledger.__file__).parent
    for name in ("postings.py", "post_sqlite.py", "post_postgres.py", "migrations/0001_post.postgres.sql"):
        assert f"`{name}`" in README
        assert (here / name).is_file()
