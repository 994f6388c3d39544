"""Pings while a large ingest comes in: how long one request holds up all others.

A client sends a body of measurements, again and again; another connection asks for the ping by the clock. Inside the
service a task that wants to run every half millisecond tells how late it was: that is what the event loop was held.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import client, readings
from bench.harness.errors import ContenderFailed
from bench.harness.ground import Ground
from bench.harness.imports import prepare
from bench.harness.pace import pace
from bench.harness.parts import Part
from bench.harness.results import PartResult
from bench.harness.roster import HOMES, roadbed
from bench.harness.served import fetch, placed, running

PING = "/ping"
HELD = "/held"
RATE = 500.0  # pings per second: one each 2 ms
BYTES = 20_000_000  # of a body, about
LINE = 39  # bytes of a row of CSV, about
TIMEOUT = 60.0  # seconds

MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}


def measure(part: Part, ground: Ground) -> PartResult:
    """Ask for the ping under an ingest of each format, and by itself; milliseconds."""
    result = PartResult(part.name)
    seconds = ground.effort.holding_seconds
    with placed(part, ground) as place:
        folder = place.data.parent
        files = readings.write(folder, BYTES // LINE)
        bodies = write_bodies(files.messy)
        prepare(place, files, ground.cores.server)
        command = roadbed(place, "--app", "holding:domain", "--domains", "ledger,telemetry", folder=HOMES / "holding")
        with running(command, place.port, folder / "output.log", ground.cores.server, PING):
            fetch(place.port, HELD)
            for name, body in (("nothing else", None), *bodies.items()):
                with sending(place.port, name, body) as sent:
                    fetch(place.port, HELD)
                    paced = pace(place.port, [client.request("GET", PING)], RATE, seconds, seed=1)
                    held = json.loads(fetch(place.port, HELD))
                if paced.bad or (body is not None and not sent):
                    raise ContenderFailed(f"under {name} {paced.bad} pings failed, {len(sent)} bodies were taken")
                result.facts |= {
                    f"{name}: held ms": held["most"],
                    f"{name}: held p99.9 ms": held["p999"],
                    f"{name}: ping p50 ms": paced.p50,
                    f"{name}: ping p99 ms": paced.p99,
                    f"{name}: ping most ms": paced.max,
                    f"{name}: generator late ms": paced.own_delay,
                }
                if body is not None:
                    result.ours.append(held["most"])
    return result


def write_bodies(messy: Path) -> dict[str, bytes]:
    """Return the rows of a CSV file of measurements in the three formats of an ingest."""
    rows = [
        f'{{"signal_id":{signal},"timestamp":"{time.replace(" ", "T")}Z","value":{value.replace(",", ".")}}}'
        for time, signal, value in _rows(messy)
    ]
    some = rows[: BYTES // (len(rows[0]) + 1)]
    return {
        "csv": messy.read_bytes(),
        "ndjson": "\n".join(some).encode(),
        "json": f"[{','.join(some)}]".encode(),
    }


def _rows(messy: Path) -> Iterator[list[str]]:
    with messy.open() as file:
        next(file)
        for line in file:
            yield line.rstrip("\n").split("|")


@contextmanager
def sending(port: int, name: str, body: bytes | None) -> Generator[list[int], None, None]:
    """Send a body again and again in a thread of its own (none for None); yield how many rows each reply tells."""
    taken: list[int] = []
    over = threading.Event()
    begun = threading.Event()

    def work() -> None:
        while body is not None and not over.is_set():
            taken.append(send(port, MEDIA[name], body, begun))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        if body is not None:
            begun.wait(TIMEOUT)
        yield taken
    finally:
        over.set()
        thread.join()


def send(port: int, media: str, body: bytes, begun: threading.Event) -> int:
    """Post one body; return how many rows were taken, all of which must be."""
    lines = ("POST /measurements HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {media}", f"Content-Length: {len(body)}")
    head = "\r\n".join((*lines, "", ""))
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        connection.sendall(head.encode())
        begun.set()
        connection.sendall(body)
        buffer = b""
        while (reply := client.parse_reply(buffer)) is None:
            part = connection.recv(client.CHUNK)
            if not part:
                raise ContenderFailed(f"no reply to an ingest: {buffer[:200]!r}")
            buffer += part
    told = json.loads(reply[1])
    if reply[0] != 200 or told["rejected"]:
        raise ContenderFailed(f"an ingest is answered with {reply[0]}: {reply[1][:200]!r}")
    return told["inserted"] + told["replaced"] + told["unchanged"]
