"""Time limits: kept by one sweep, told in the reply, and without harm to what goes on below."""

import asyncio
from typing import Any

import pytest

from roadbed.http.asgi import Message
from roadbed.http.call import RUNNING, Call
from roadbed.http.deadlines import Deadlines
from roadbed.http.edge import Edge
from roadbed.http.limits import HttpOptions
from tests.unit.http import notes
from tests.unit.http.driving import HOST, Recorder, Reply, ask, make_edge, reply_of, scope_of

SHORT = HttpOptions(allowed_hosts=(HOST,), request_timeout=0.03, body_timeout=5, sweep_interval=0.01)
SLOW_BODY = HttpOptions(allowed_hosts=(HOST,), request_timeout=5, body_timeout=0.03, sweep_interval=0.01)


def make(options: HttpOptions) -> tuple[Edge, Recorder, notes.Notes]:
    service = notes.Notes()
    edge, recorder = make_edge(notes.operations, service, options)
    return edge, recorder, service


async def test_a_request_that_takes_too_long_is_given_up() -> None:
    edge, recorder, _ = make(SHORT)
    reply = await ask(edge, "POST /wait", headers={"Idempotency-Key": "k"})
    assert (
        reply.status,
        reply.header("retry-after"),
        reply.json()["type"],
    ) == (503, "1", "urn:roadbed:problem:deadline-exceeded")
    assert "a retry with the same Idempotency-Key is safe" in reply.json()["detail"]
    assert [(event.status, event.problem) for event in recorder.finished] == [(503, "deadline-exceeded")]


async def test_the_task_goes_on_to_its_next_request() -> None:
    # The cancellation is taken back: it was meant for the handler, and not for the task of the connection.
    edge, _, service = make(SHORT)
    first = await ask(edge, "POST /wait")
    await asyncio.sleep(0)
    service.released.set()
    second = await ask(edge, "POST /wait")
    task = asyncio.current_task()
    assert task is not None
    assert (first.status, second.status, task.cancelling()) == (503, 200, 0)


async def test_a_quick_request_beside_a_slow_one_is_left_alone() -> None:
    edge, _, _ = make(SHORT)
    slow = asyncio.create_task(ask(edge, "POST /wait"))
    quick = [await ask(edge, "GET /ping") for _ in range(5)]
    assert ({200}, 503) == ({reply.status for reply in quick}, (await slow).status)


async def slow_body(edge: Edge) -> Reply:
    sent: list[Message] = []
    first: list[Message] = [{"type": "http.request", "body": b'{"te', "more_body": True}]

    async def receive() -> Message:
        if first:
            return first.pop()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        sent.append(message)

    await edge(scope_of("POST /notes", [("Content-Type", "application/json")]), receive, send)
    return reply_of(sent)


async def test_a_body_that_takes_too_long_is_given_up() -> None:
    edge, recorder, service = make(SLOW_BODY)
    reply = await slow_body(edge)
    assert (
        reply.status,
        reply.json()["type"],
        reply.header("connection"),
    ) == (408, "urn:roadbed:problem:too-slow", "close")
    assert ([event.status for event in recorder.finished], service.kept) == ([408], {})


async def test_a_handler_may_take_longer_than_a_body() -> None:
    edge, _, service = make(SLOW_BODY)
    waiting = asyncio.create_task(ask(edge, "POST /wait", chunks=[b""]))
    await asyncio.sleep(0.08)
    service.released.set()
    assert (await waiting).status == 200


async def test_what_still_runs_is_abandoned_at_the_end() -> None:
    edge, recorder, _ = make(HttpOptions(allowed_hosts=(HOST,)))
    waiting = [asyncio.create_task(ask(edge, "POST /wait")) for _ in range(3)]
    await asyncio.sleep(0)
    edge.abandon()
    replies = await asyncio.gather(*waiting)
    # What was in the air may land yet: to say that nothing was written would be a lie.
    assert {(503, "urn:roadbed:problem:outcome-unknown")} == {(reply.status, reply.json()["type"]) for reply in replies}
    assert [event.status for event in recorder.finished] == [503] * 3


async def test_a_cancellation_by_others_is_handed_on_with_an_event() -> None:
    edge, recorder, _ = make(HttpOptions(allowed_hosts=(HOST,)))
    task = asyncio.create_task(ask(edge, "POST /wait"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ([event.status for event in recorder.finished], edge.in_flight) == ([503], 0)


async def test_the_write_in_the_air_is_not_cancelled() -> None:
    landed: list[str] = []
    flying: list[asyncio.Task[None]] = []

    class Slow(notes.Notes):
        def add(self, new: notes.NewNote) -> Any:
            raise NotImplementedError

    async def fly(future: "asyncio.Future[str]") -> None:
        await asyncio.sleep(0.06)
        landed.append("written")
        if not future.done():
            future.set_result("written")

    operations = notes.Operations[Slow]("t", "t")

    @operations.post("/write")
    async def write(call: Call[Slow]) -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        flying.append(asyncio.create_task(fly(future)))
        return await future

    edge, _ = make_edge(operations, Slow(), SHORT)
    reply = await ask(edge, "POST /write")
    await asyncio.gather(*flying)
    assert (reply.status, landed) == (503, ["written"])


def call(started: float) -> Call[None]:
    return Call(None, "r", "GET", "/", {}, b"", started)


async def test_the_timer_rests_while_nothing_runs() -> None:
    deadlines = Deadlines(60, 60, 0.01)
    made = call(0)
    assert deadlines._timer is None
    deadlines.watch(made)
    assert deadlines._timer is not None
    del deadlines.running[made]
    await asyncio.sleep(0.05)
    assert deadlines._timer is None


async def test_a_closed_register_has_no_timer() -> None:
    deadlines = Deadlines(60, 60, 0.01)
    deadlines.watch(call(0))
    deadlines.close()
    deadlines.close()
    assert deadlines._timer is None


async def test_the_sweep_ends_at_the_first_young_request() -> None:
    deadlines = Deadlines(1000, 1000, 60)
    young, old = call(float("inf")), call(0.0)
    task = asyncio.create_task(asyncio.sleep(0))
    deadlines.running[young] = task
    # It came later, so it cannot be older: the sweep does not look at it.
    deadlines.running[old] = task
    deadlines._sweep()
    assert (young.phase, old.phase) == (RUNNING, RUNNING)
    deadlines.close()
    await task


def test_outside_a_task_nothing_is_watched() -> None:
    deadlines = Deadlines(1, 1, 1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        deadlines.watch(call(0))
    assert deadlines.running == {}
