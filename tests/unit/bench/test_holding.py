"""Bodies of an ingest, who sends them, and what tells how long the service was held."""

import asyncio
import importlib.util
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bench.harness import holding, readings
from bench.harness.errors import ContenderFailed
from bench.harness.roster import HOMES
from tests.support.waiting import eventually

TAKEN = {"inserted": 2, "replaced": 1, "unchanged": 3, "rejected": 0}


def test_the_three_formats_hold_the_same_rows(tmp_path: Path) -> None:
    files = readings.write(tmp_path, 100)
    bodies = holding.write_bodies(files.messy)
    assert set(bodies) == set(holding.MEDIA)
    rows = [json.loads(line) for line in bodies["ndjson"].splitlines()]
    assert rows == json.loads(bodies["json"])
    lines = bodies["csv"].decode().splitlines()[1:]
    assert len(rows) == len(lines) == 100
    time, signal, value = lines[0].split("|")
    assert rows[0] == {
        "signal_id": int(signal), "timestamp": f"{time.replace(' ', 'T')}Z", "value": float(value.replace(",", "."))
    }  # fmt: skip


Answer = Callable[[int, dict[str, int]], int]


@pytest.fixture
def answering() -> Iterator[Answer]:
    """Start something that takes whole bodies of ten bytes and gives each the same answer; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work(status: int, told: dict[str, int]) -> None:
            body = json.dumps(told).encode()
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    seen = b""
                    while len(seen.partition(b"\r\n\r\n")[2]) < 10 and (part := connection.recv(1000)):
                        seen += part
                    connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

        threads: list[threading.Thread] = []

        def start(status: int, told: dict[str, int]) -> int:
            threads.append(threading.Thread(target=work, args=(status, told)))
            threads[-1].start()
            return server.getsockname()[1]

        yield start
        server.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()


def test_a_body_that_is_taken_tells_its_rows(answering: Answer) -> None:
    begun = threading.Event()
    assert holding.send(answering(200, TAKEN), "text/csv", b"x" * 10, begun) == 6
    assert begun.is_set()


@pytest.mark.parametrize(("status", "told"), [(503, {}), (200, TAKEN | {"rejected": 1})])
def test_a_body_that_is_not_taken_whole_is_no_measurement(answering: Answer, status: int, told: dict[str, int]) -> None:
    told = TAKEN | told
    with pytest.raises(ContenderFailed, match=f"answered with {status}"):
        holding.send(answering(status, told), "text/csv", b"x" * 10, threading.Event())


def test_bodies_are_sent_until_the_end_of_the_block(answering: Answer) -> None:
    with holding.sending(answering(200, TAKEN), "csv", b"x" * 10) as taken:
        while len(taken) < 3:
            threading.Event().wait(0.001)
    count = len(taken)
    assert set(taken) == {6}
    with holding.sending(1, "nothing else", None) as none:
        assert none == []
    assert len(taken) == count


def probe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("holding_domain", HOMES / "holding" / "holding.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_probe_sees_what_holds_the_loop() -> None:
    watch = probe().Watch(None, None)
    assert watch.ask().most == 0
    await eventually(lambda: watch.ask().most > 0, "the first look")
    threading.Event().wait(0.05)  # as a long computation does
    await asyncio.sleep(0.005)
    seen = watch.ask()
    assert seen.most >= seen.p999 > 0
    watch._task.cancel()
