"""What errors of SQLite mean: to the caller, to the metrics, to the others in the same commit."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from roadbed.data.sqlite.errors import is_everybodys, kind_of, translate, why_not_opened
from roadbed.kernel.errors import (
    ConfigurationError,
    Conflict,
    DeadlineExceeded,
    OutcomeUnknown,
    StorageFull,
    Unavailable,
)

TABLE: list[tuple[BaseException, str, type[BaseException], type[BaseException], bool]] = [
    (apsw.FullError("x"), "full", StorageFull, StorageFull, True),
    (apsw.IOError("x"), "io", Unavailable, OutcomeUnknown, True),
    (apsw.CantOpenError("x"), "io", Unavailable, OutcomeUnknown, True),
    (apsw.CorruptError("x"), "io", Unavailable, OutcomeUnknown, True),
    (apsw.ReadOnlyError("x"), "io", Unavailable, OutcomeUnknown, True),
    (apsw.BusyError("x"), "busy", Unavailable, Unavailable, True),
    (apsw.LockedError("x"), "busy", Unavailable, Unavailable, True),
    (apsw.InterruptError("x"), "timeout", DeadlineExceeded, DeadlineExceeded, False),
    (apsw.SQLError("x"), "other", apsw.SQLError, apsw.SQLError, False),
    (apsw.ConstraintError("x"), "constraint", apsw.ConstraintError, apsw.ConstraintError, False),
    (ValueError("x"), "other", ValueError, ValueError, False),
    (DeadlineExceeded("mine"), "timeout", DeadlineExceeded, DeadlineExceeded, False),
]


@pytest.mark.parametrize(("error", "kind", "told", "at_commit", "everybodys"), TABLE, ids=lambda part: str(part)[:30])
def test_what_an_error_means(
    error: BaseException, kind: str, told: type[BaseException], at_commit: type[BaseException], everybodys: bool
) -> None:
    assert (kind_of(error), is_everybodys(error)) == (kind, everybodys)
    assert (type(translate(error)), type(translate(error, committing=True))) == (told, at_commit)


def test_what_is_translated_keeps_its_cause() -> None:
    error = apsw.FullError("x")
    assert translate(error).__cause__ is error


def test_errors_of_our_own_pass_unchanged() -> None:
    error = DeadlineExceeded("the transaction took too long")
    assert translate(error) is error


def error_of(*statements: str) -> BaseException:
    connection = apsw.Connection(":memory:")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("CREATE TABLE p (a TEXT PRIMARY KEY, b UNIQUE, c CHECK (c > 0), d NOT NULL DEFAULT 1)")
    connection.execute("CREATE TABLE q (a REFERENCES p (a))")
    for statement in statements[:-1]:
        connection.execute(statement)
    with pytest.raises(apsw.ConstraintError) as raised:
        connection.execute(statements[-1])
    return raised.value


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        (("INSERT INTO p (a) VALUES ('x')", "INSERT INTO p (a) VALUES ('x')"), "duplicate"),
        (("INSERT INTO p (rowid, a) VALUES (1, 'x')", "INSERT INTO p (rowid, a) VALUES (1, 'y')"), "duplicate"),
        (("INSERT INTO p (a, b) VALUES ('x', 1)", "INSERT INTO p (a, b) VALUES ('y', 1)"), "duplicate"),
        (("INSERT INTO q VALUES ('x')",), "reference"),
        (("INSERT INTO p (a) VALUES ('x')", "INSERT INTO q VALUES ('x')", "DELETE FROM p"), "reference"),
    ],
)
def test_a_row_that_others_forbid_is_a_conflict(statements: tuple[str, ...], kind: str) -> None:
    told = translate(error_of(*statements))
    assert isinstance(told, Conflict)
    assert told.kind == kind


@pytest.mark.parametrize(
    "statement", ["INSERT INTO p (a, c) VALUES ('x', 0)", "INSERT INTO p (a, d) VALUES ('x', NULL)"]
)
def test_other_constraints_stay_as_they_are(statement: str) -> None:
    error = error_of(statement)
    assert translate(error) is error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (apsw.NotADBError("x"), "{folder}/a.db is not a SQLite database, or it is damaged"),
        (apsw.CorruptError("x"), "{folder}/a.db is not a SQLite database, or it is damaged"),
        (apsw.CantOpenError("x"), "{folder}/a.db cannot be written: this user needs write permission"),
        (PermissionError(13, "Permission denied"), "{folder}/a.db cannot be written: this user needs"),
        (OSError(24, "Too many open files"), "{folder}/a.db cannot be opened: Too many open files"),
    ],
)
def test_why_a_file_cannot_be_opened(error: BaseException, said: str, tmp_path: Path) -> None:
    told: Any = why_not_opened(str(tmp_path / "a.db"), error)
    assert isinstance(told, ConfigurationError)
    assert told.detail.startswith(said.format(folder=tmp_path))
    assert told.__cause__ is error


@pytest.mark.parametrize(("error", "kind"), [(apsw.BusyError("x"), Unavailable), (apsw.FullError("x"), StorageFull)])
def test_what_may_pass_by_itself_is_no_matter_of_configuration(
    error: BaseException, kind: type[BaseException], tmp_path: Path
) -> None:
    assert type(why_not_opened(str(tmp_path / "a.db"), error)) is kind
