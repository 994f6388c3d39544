"""What errors of asyncpg mean: to the caller, to the metrics, to the neighbours of the item that met them."""

from typing import Any

import asyncpg
import pytest

from roadbed.data.postgres.errors import code_of, is_everybodys, kind_of, still_running, translate
from roadbed.kernel.errors import (
    Conflict,
    DeadlineExceeded,
    Invalid,
    OutcomeUnknown,
    RoadbedError,
    StorageFull,
    Unavailable,
)

CLOSED = asyncpg.InterfaceError("connection is closed")
RELEASED = asyncpg.InterfaceError("cannot call Connection.fetch(): connection has been released back to the pool")
FAREWELL = asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")
REFUSED_ARGUMENT = type("DataError", (asyncpg.InterfaceError, ValueError), {})("invalid input for query argument $1")

# error; kind; what a read hears, or a write before anything was sent; what a write hears that was under way
TABLE: list[tuple[BaseException, str, type[BaseException], type[BaseException]]] = [
    (asyncpg.ConnectionDoesNotExistError("closed in the middle"), "connection", Unavailable, OutcomeUnknown),
    (asyncpg.AdminShutdownError("x"), "connection", Unavailable, OutcomeUnknown),
    (asyncpg.CrashShutdownError("x"), "connection", Unavailable, OutcomeUnknown),
    (asyncpg.CannotConnectNowError("x"), "connection", Unavailable, OutcomeUnknown),
    (ConnectionResetError("x"), "connection", Unavailable, OutcomeUnknown),
    (asyncpg.InternalClientError("x"), "connection", Unavailable, OutcomeUnknown),
    (TimeoutError(), "timeout", Unavailable, OutcomeUnknown),
    (CLOSED, "connection", Unavailable, Unavailable),
    (RELEASED, "connection", Unavailable, Unavailable),
    (FAREWELL, "connection", Unavailable, Unavailable),
    (asyncpg.QueryCanceledError("x"), "timeout", DeadlineExceeded, DeadlineExceeded),
    (asyncpg.IdleInTransactionSessionTimeoutError("x"), "timeout", DeadlineExceeded, DeadlineExceeded),
    (asyncpg.DiskFullError("x"), "full", StorageFull, StorageFull),
    (asyncpg.TooManyConnectionsError("x"), "connection", Unavailable, Unavailable),
    (asyncpg.InvalidPasswordError("x"), "connection", Unavailable, Unavailable),
    (asyncpg.InvalidAuthorizationSpecificationError("x"), "connection", Unavailable, Unavailable),
    (asyncpg.InvalidCatalogNameError("x"), "connection", Unavailable, Unavailable),
    (asyncpg.OutOfMemoryError("x"), "resources", Unavailable, Unavailable),
    (asyncpg.LockNotAvailableError("x"), "lock", Unavailable, Unavailable),
    (asyncpg.ReadOnlySQLTransactionError("x"), "read_only", Unavailable, Unavailable),
    (asyncpg.DeadlockDetectedError("x"), "contention", Unavailable, Unavailable),
    (asyncpg.SerializationError("x"), "contention", Unavailable, Unavailable),
    (asyncpg.PostgresIOError("x"), "io", Unavailable, Unavailable),
    (asyncpg.InvalidCachedStatementError("x"), "stale", Unavailable, Unavailable),
    (asyncpg.UniqueViolationError("x"), "constraint", Conflict, Conflict),
    (asyncpg.ExclusionViolationError("x"), "constraint", Conflict, Conflict),
    (asyncpg.ForeignKeyViolationError("x"), "constraint", Conflict, Conflict),
    (asyncpg.CharacterNotInRepertoireError("x"), "text", Invalid, Invalid),
    (asyncpg.CheckViolationError("x"), "other", asyncpg.CheckViolationError, asyncpg.CheckViolationError),
    (asyncpg.UndefinedTableError("x"), "other", asyncpg.UndefinedTableError, asyncpg.UndefinedTableError),
    (asyncpg.FeatureNotSupportedError("x"), "other", asyncpg.PostgresError, asyncpg.PostgresError),
    (REFUSED_ARGUMENT, "other", ValueError, ValueError),
    (asyncpg.InterfaceError("another operation is in progress"), "other", Exception, Exception),
    (KeyError("x"), "other", KeyError, KeyError),
]
EVERYBODYS = {"connection", "timeout", "full", "resources", "lock", "read_only", "contention", "io", "stale"}


@pytest.mark.parametrize(("error", "kind", "unsent", "sent"), TABLE, ids=lambda part: str(part)[:40])
def test_what_an_error_means(
    error: BaseException, kind: str, unsent: type[BaseException], sent: type[BaseException]
) -> None:
    assert kind_of(error) == kind
    assert isinstance(translate(error, sent=False), unsent)
    assert isinstance(translate(error, sent=True), sent)


@pytest.mark.parametrize(("error", "kind"), [(row[0], row[1]) for row in TABLE], ids=lambda part: str(part)[:40])
def test_whose_error_it_is(error: BaseException, kind: str) -> None:
    missing_table = isinstance(error, asyncpg.UndefinedTableError)
    assert is_everybodys(error) is (kind in EVERYBODYS or missing_table)


@pytest.mark.parametrize("error", [row[0] for row in TABLE], ids=lambda part: str(part)[:40])
def test_only_a_lost_connection_leaves_the_outcome_open(error: BaseException) -> None:
    told = translate(error, sent=False)
    assert not isinstance(told, OutcomeUnknown)
    if isinstance(told, Unavailable):
        assert "nothing was written" in told.detail
    if told is not error:
        assert told.__cause__ is error


def test_a_damaged_server_concerns_all() -> None:
    assert is_everybodys(asyncpg.DataCorruptedError("x"))


def test_errors_of_our_own_pass() -> None:
    error = Conflict("mine")
    assert translate(error, sent=True) is error
    assert (is_everybodys(error), is_everybodys(Unavailable())) == (False, True)


def test_each_kind_of_conflict_is_named() -> None:
    told = [
        translate(error("x"), sent=True) for error in (asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError)
    ]
    assert [getattr(one, "kind", "") for one in told] == ["duplicate", "reference"]


@pytest.mark.parametrize(("error", "code"), [(asyncpg.DeadlockDetectedError("x"), "40P01"), (OSError(), "")])
def test_the_code_of_an_error(error: BaseException, code: str) -> None:
    assert code_of(error) == code


class Item:
    def __init__(self, idempotency: Any) -> None:
        self.idempotency = idempotency


@pytest.mark.parametrize(
    ("item", "kind", "words"),
    [
        (Item(b"key"), Conflict, "A request with this Idempotency-Key has not finished yet"),
        (Item(None), Unavailable, "Another transaction held what this one needs for too long: nothing was written"),
        ("no item of ours", Unavailable, "Another transaction held what this one needs"),
    ],
)
def test_a_lock_that_was_not_free_in_time(item: object, kind: type[RoadbedError], words: str) -> None:
    error = asyncpg.LockNotAvailableError("x")
    told = still_running(error, item)
    assert (type(told), told.__cause__, str(told).startswith(words)) == (kind, error, True)
