"""A place for a part, and servers in it: prepared, started on the server's core, stopped whatever happens."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import client, processes, wrk
from bench.harness.contender import Place
from bench.harness.cores import Cores, busy_share, ticks
from bench.harness.errors import BenchError, ContenderFailed
from bench.harness.ground import Ground
from bench.harness.parts import Part
from bench.harness.results import Slot

CONNECTIONS = 32


@contextmanager
def placed(part: Part, ground: Ground) -> Generator[Place, None, None]:
    """Yield a free port, a new folder, and an empty database where the part is on PostgreSQL."""
    folder = ground.folder / f"part-{part.name}"
    data = folder / "data"
    data.mkdir(parents=True)
    name, url = part.name.replace("-", "_"), ""
    try:
        if part.store == "postgresql":
            if ground.cluster is None:
                raise BenchError(f"{part.name} needs PostgreSQL")
            url = ground.cluster.create_database(name)
        yield Place(processes.free_port(), data, url)
    finally:
        if url and ground.cluster is not None:
            ground.cluster.drop_database(name)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(
    command: processes.Command, port: int, log: Path, core: int, path: str
) -> Generator[processes.Server, None, None]:
    """Yield a server that has answered on a path."""
    server = processes.Server(command, port, log, core)
    try:
        server.wait_until_up(path)
        yield server
    finally:
        server.stop()


def fetch(port: int, path: str) -> bytes:
    """Return the body of one GET."""
    ((status, body),) = client.ask_all(port, [client.request("GET", path)], 1)
    if status != 200:
        raise ContenderFailed(f"{path} is answered with {status}: {body[:200]!r}")
    return body


def turn(server: processes.Server, script: str, arguments: tuple[str, ...], cores: Cores, seconds: int) -> Slot:
    """Ask a server for as much as it does; refuse a turn in which something was not answered well."""
    before = ticks()
    load = wrk.run(wrk.command(server.port, script, arguments, CONNECTIONS, seconds), cores.load, seconds)
    after = ticks()
    if not server.alive() or load.requests == 0 or load.bad:
        raise ContenderFailed(
            f"{load.bad} of {load.requests} requests were not answered well:\n{processes.tail(server.log)}"
        )
    busy = [busy_share(before, after, core) for core in (cores.server, cores.load)]
    return Slot(load.rate, load.p50 / 1e3, load.p99 / 1e3, load.bad, *busy)
