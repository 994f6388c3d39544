"""What readiness says of the embedded database: a lock that others hold is told from all else that fails."""

import asyncio
from collections.abc import Awaitable, Callable

import apsw
import pytest

from roadbed.data.sqlite import commits, pinging
from roadbed.data.sqlite.commits import SAME_WAIT, Commits
from roadbed.data.sqlite.errors import translate
from roadbed.data.sqlite.pinging import ping
from roadbed.kernel.errors import Overloaded, StorageFull, Unavailable
from roadbed.kernel.events import Events

BOUND = 5.0


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


BUSY = translate(apsw.BusyError("database is locked"))
FLOCK = caused(Unavailable("Another process held it"), BlockingIOError())
DISK = translate(apsw.IOError("disk I/O error"))
FULL = translate(apsw.FullError("database or disk is full"))


def answering(outcome: BaseException | None) -> Callable[[], Awaitable[object]]:
    async def ask() -> object:
        if outcome is not None:
            raise outcome
        return 1

    return ask


OK = answering(None)


async def hang() -> object:
    return await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("held", [0.02, BOUND + 1])
@pytest.mark.parametrize("error", [DISK, FULL, Unavailable("disk I/O"), StorageFull("full")])
async def test_what_is_no_lock_is_vital_at_whatever_moment(error: Exception, held: float) -> None:
    """A write notes that it asks for the lock before it looks after the files: that moment is no excuse."""
    health = await ping(OK, answering(error), lambda: held, BOUND)
    assert (health.ok, health.vital, health.detail) == (False, True, getattr(error, "detail", ""))


@pytest.mark.parametrize("error", [BUSY, FLOCK, Overloaded("256 writes already wait")])
async def test_a_lock_that_others_hold_is_not_vital(error: Exception) -> None:
    health = await ping(OK, answering(error), lambda: BOUND - 1, BOUND)
    assert (health.ok, health.detail) == (True, "")
    health = await ping(OK, answering(error), lambda: BOUND + 1, BOUND)
    assert (health.ok, health.vital) == (False, False)
    assert health.detail == "another program has held the write lock for 6 s: reads go on, writes are refused"


async def test_no_answer_in_time_is_the_lock_only_where_one_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinging, "PATIENCE", 0.01)
    assert (await ping(OK, hang, lambda: 0.01, BOUND)).ok
    assert not (await ping(OK, hang, lambda: BOUND, BOUND)).vital
    health = await ping(OK, hang, lambda: 0.0, BOUND)
    assert (health.ok, health.vital, health.detail) == (False, True, "no answer within 0.01 s")


@pytest.mark.parametrize("write", [OK, answering(BUSY), hang])
async def test_reads_are_vital_whatever_writes_do(
    write: Callable[[], Awaitable[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinging, "PATIENCE", 0.01)
    health = await ping(answering(DISK), write, lambda: BOUND + 1, BOUND)
    assert (health.ok, health.vital) == (False, True)
    assert health.detail


class Clock:
    """What the writer takes for the time."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(commits, "monotonic", made)
    return made


def refused(writes: Commits, clock: Clock, waited: float, error: Exception) -> None:
    """Let a write ask for the lock, and hear of an error ``waited`` seconds later."""
    writes.ask()
    clock.at += waited
    writes.all_failed([], error)


class TestForHowLong:
    def test_one_wait_is_as_long_as_it_is(self, clock: Clock) -> None:
        writes = Commits(Events())
        assert writes.locked_out == 0
        writes.ask()
        clock.at += 3
        assert writes.locked_out == 3

    def test_refusals_soon_after_each_other_are_one_wait(self, clock: Clock) -> None:
        """Probes come every ten seconds, and nobody writes between them."""
        writes = Commits(Events())
        for _ in range(4):
            refused(writes, clock, 5, apsw.BusyError())
            clock.at += 5
        writes.ask()
        clock.at += 1
        assert writes.locked_out == 41

    def test_what_was_refused_long_ago_says_nothing_of_now(self, clock: Clock) -> None:
        writes = Commits(Events())
        refused(writes, clock, 5, apsw.BusyError())
        clock.at += 3600
        writes.ask()
        clock.at += 1
        assert writes.locked_out == 1

    def test_a_long_wait_is_no_long_pause(self, clock: Clock) -> None:
        writes = Commits(Events())
        refused(writes, clock, 600, apsw.BusyError())
        clock.at += SAME_WAIT
        refused(writes, clock, 600, apsw.BusyError())
        assert writes.locked_out == 1200 + SAME_WAIT

    @pytest.mark.parametrize("error", [apsw.IOError("disk"), Unavailable("gone")])
    def test_what_fails_for_another_reason_waits_no_longer(self, clock: Clock, error: Exception) -> None:
        writes = Commits(Events())
        refused(writes, clock, 5, apsw.BusyError())
        refused(writes, clock, 1, error)
        assert writes.locked_out == 0
