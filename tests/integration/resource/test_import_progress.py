"""Imports that tell how far they are, line by line: what comes when, what breaks off, and in how much memory."""

import asyncio
import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from roadbed.http.asgi import Message
from roadbed.kernel.errors import RoadbedError, Unavailable
from roadbed.resource.transfer import progress, routes
from roadbed.resource.transfer.importing import Importer
from roadbed.resource.transfer.outcomes import CHUNK
from tests.integration.resource.test_transfer import MIB, Peak, rows_of
from tests.integration.resource.world import World
from tests.unit.http.driving import scope_of

CSV = {"Content-Type": "text/csv"}
TOLD = {**CSV, "Accept": "application/x-ndjson"}
GONE: Message = {"type": "http.disconnect"}
COUNTS = ("inserted", "changed", "unchanged", "rejected")


@pytest.fixture(autouse=True)
def of_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell of progress as often as there is any, however quick this machine is."""
    monkeypatch.setattr(progress, "PACE", 0.0)


class Talk:
    """One import as its client sees it: parts of the body that were taken, and what came back, in their order."""

    def __init__(self, world: World, parts: Iterable[bytes], leave_after: int | None = None) -> None:
        self._world = world
        self._parts: Iterator[bytes] = iter(parts)
        self._leave_after = leave_after
        self.order: list[str] = []
        self.head: Message = {}
        self.sent = b""
        self.has_end = False

    async def run(self, call: str = "POST /echoes/import", headers: dict[str, str] = TOLD) -> "Talk":
        await self._world.edge(scope_of(call, headers.items()), self._receive, self._send)
        return self

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sent.splitlines()]

    @property
    def progress(self) -> list[dict[str, int]]:
        return [line["progress"] for line in self.lines if "progress" in line]

    async def _receive(self) -> Message:
        part = next(self._parts, b"")
        self.order.append("in" if part else "end")
        return {"type": "http.request", "body": part, "more_body": part != b""}

    async def _send(self, message: Message) -> None:
        if self._leave_after is not None and len(self.lines) >= self._leave_after:
            raise OSError
        if message["type"] == "http.response.start":
            self.head = message
            return
        self.order.append("out")
        self.sent += message.get("body", b"")
        self.has_end = not message.get("more_body", False)


async def count(world: World) -> int:
    return int((await world.ask("GET /echoes?total=true&limit=1")).header("total-count") or 0)


async def test_progress_is_told_until_the_result(world: World) -> None:
    talk = await Talk(world, rows_of(600, 1000)).run()
    assert talk.head["status"] == 200
    assert dict(talk.head["headers"])[b"content-type"] == b"application/x-ndjson"
    assert dict(talk.head["headers"])[b"x-accel-buffering"] == b"no"
    told = talk.progress
    assert len(told) > 3
    for earlier, later in pairwise(told):
        assert all(earlier[name] <= later[name] for name in ("read", *COUNTS)), (earlier, later)
    size = sum(map(len, rows_of(600, 1000)))
    assert {each["size"] for each in told} == {size}
    assert told[0]["inserted"] < told[-1]["inserted"] <= 600
    assert told[-1]["read"] == size
    assert talk.lines[-1] == {"result": {"inserted": 600, "changed": 0, "unchanged": 0, "rejected": 0, "rejects": []}}
    assert talk.has_end
    assert await count(world) == 600


async def test_nothing_is_told_before_the_body_has_come(world: World) -> None:
    # A browser reads no reply before it has sent its request, and would wait for ever for who waits for it.
    talk = await Talk(world, rows_of(300, 1000)).run()
    assert talk.order.index("out") > max(at for at, what in enumerate(talk.order) if what == "in")


async def test_the_result_is_that_of_an_import_that_tells_nothing(world: World) -> None:
    body = b"text\none\ntwo,2\none\n"
    told = await Talk(world, [body]).run()
    plain = await world.ask("POST /echoes/import?dry_run=true", body, CSV)
    assert plain.header("content-type") == "application/json"
    counted = told.lines[-1]["result"]
    assert (counted["inserted"], counted["rejected"]) == (2, 1)
    assert counted["rejects"] == plain.json()["rejects"]
    assert counted["rejects"][0]["line"] == 3


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/x-ndjson, application/json", "text/html"])
async def test_who_does_not_ask_for_lines_gets_none(world: World, accept: str) -> None:
    reply = await world.ask("POST /echoes/import", b"text\none\n", {**CSV, "Accept": accept})
    assert reply.json()["inserted"] == 1


async def test_a_dry_run_tells_too_and_writes_nothing(world: World) -> None:
    talk = await Talk(world, rows_of(200, 1000)).run("POST /echoes/import?dry_run=true")
    assert talk.progress[-1]["read"] == talk.progress[-1]["size"]
    assert talk.lines[-1]["result"]["inserted"] == 200
    assert await count(world) == 0


async def test_a_dry_run_tells_of_few_rows_at_a_time(world: World) -> None:
    # All of them come in one block: rows are tried one by one, which takes a while.
    rows = 4 * CHUNK + 1
    body = b"text\n" + b"".join(b"row %d\n" % number for number in range(rows))
    talk = await Talk(world, [body]).run("POST /echoes/import?dry_run=true")
    read = [each["read"] for each in talk.progress]
    assert len(read) >= 4
    assert read == sorted(read)
    assert len(set(read)) == len(read)
    assert talk.lines[-1]["result"]["inserted"] == rows


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [(b"text,colour\none,red\n", 400, "/colour"), (b"", 400, ""), (b"txt\n" + b"one\n" * 20_000, 400, "/txt")],
)
async def test_what_fails_at_once_is_a_problem_as_ever(world: World, body: bytes, status: int, pointer: str) -> None:
    reply = await world.ask("POST /echoes/import", body, TOLD)
    assert (reply.status, reply.header("content-type")) == (status, "application/problem+json")
    assert list(reply.faults) == [pointer]


async def test_too_large_a_body_is_refused_before_anything_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await Talk(world, (b"text\n" + b"z" * MIB for _ in range(80))).run()
    assert talk.head["status"] == 413
    assert await count(world) == 0


@pytest.mark.parametrize("error", [Unavailable("Its queues are full", retry_after=2), RuntimeError("a secret")])
async def test_what_fails_later_is_told_and_breaks_off(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    finish = Importer.finish

    async def fail(importer: Importer) -> Any:
        await finish(importer)
        raise error

    monkeypatch.setattr(Importer, "finish", fail)
    talk = await Talk(world, rows_of(300, 1000)).run()
    assert not talk.has_end
    assert talk.head["status"] == 200
    problem = talk.lines[-1]["problem"]
    foreseen = isinstance(error, RoadbedError)
    assert problem["status"] == (503 if foreseen else 500)
    assert ("full" in problem["detail"]) is foreseen
    assert "secret" not in json.dumps(problem)
    assert [event.error for event in world.recorder.failed] == ([] if foreseen else [error])
    world.recorder.failed.clear()
    assert await count(world) == 300


async def test_what_is_ended_from_without_tells_no_outcome(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held = asyncio.Event()

    async def hold(_: Importer) -> Any:
        held.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Importer, "finish", hold)
    talk = Talk(world, rows_of(300, 1000))
    task = asyncio.create_task(talk.run())
    await asyncio.wait_for(held.wait(), 20)
    world.edge.abandon()  # as at the end of a shutdown
    await asyncio.wait([task])
    assert not talk.has_end
    assert {name for line in talk.lines for name in line} == {"progress"}
    operation = (await world.ask("GET /openapi.json")).json()["paths"]["/echoes/import"]["post"]
    assert "ends with neither (a time limit, a shutdown, a lost connection) has an unknown" in operation["description"]


async def test_who_stops_leaves_what_was_written(world: World) -> None:
    talk = await Talk(world, rows_of(3000, 1000), leave_after=2).run()
    assert not talk.has_end
    assert world.recorder.finished[-1].status == 499
    # Nothing goes on behind the back of who has left.
    written = await count(world)
    assert 0 < written < 3000
    await asyncio.sleep(0.2)
    assert await count(world) == written


async def test_without_room_the_body_is_read_as_it_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    talk = await Talk(world, rows_of(300, 1000)).run()
    assert talk.lines[-1]["result"]["inserted"] == 300
    assert talk.order.index("out") > max(at for at, what in enumerate(talk.order) if what == "in")


async def test_more_at_a_time_than_there_is_room_for(world: World) -> None:
    bodies = [[b"text\n", *(f"{number} {each}\n".encode() for each in range(50))] for number in range(5)]
    assert len(bodies) > routes.MOST_KEPT
    talks = await asyncio.gather(*(Talk(world, parts).run() for parts in bodies))
    assert [talk.lines[-1]["result"]["inserted"] for talk in talks] == [50] * 5


async def test_memory_is_bounded_whatever_the_size(world: World) -> None:
    many, size = 1500, 16 * 1024
    await Talk(world, rows_of(50, size)).run()  # what is made once is made now
    with Peak() as taken:
        talk = await Talk(world, rows_of(many, size)).run()
    assert talk.lines[-1]["result"]["inserted"] == many - 50
    assert taken.bytes < 10 * MIB < many * size / 2, taken.bytes
