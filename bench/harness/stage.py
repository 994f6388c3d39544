"""One contender on its feet: prepared on an empty database, started, checked, seeded, and taken down again."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import books, checks, processes, seed, wrk
from bench.harness.books import Reader
from bench.harness.contender import Contender, Place
from bench.harness.cores import Cores, busy_share, ticks
from bench.harness.errors import BenchError, ContenderFailed
from bench.harness.plan import script
from bench.harness.postgres import Cluster
from bench.harness.results import Slot

WRITES = {"create", "create-hot"}


class Stage:
    """A contender with its folder, its port, its database and the files that the load scripts read."""

    def __init__(self, contender: Contender, folder: Path, cores: Cores, cluster: Cluster | None) -> None:
        self.contender = contender
        self.cores = cores
        self.log = folder / "output.log"
        data = folder / "data"
        data.mkdir(parents=True)
        database = contender.name.replace("-", "_")
        url = cluster.create_database(database) if cluster and contender.store == "postgresql" else ""
        self.place = Place(processes.free_port(), data, url)
        self.read: Reader = (
            (lambda: books.in_postgres(cluster, database, contender.books))
            if cluster and url
            else (lambda: books.in_sqlite(data, contender.books))
        )
        self.server: processes.Server | None = None
        self.files = {name: folder / f"{name}.txt" for name in ("accounts", "hot", "ids")}
        for command in contender.prepare(self.place):
            processes.run(command, self.log, cores.server)

    def start(self) -> float:
        """Start the server; return the seconds until its first answer."""
        server = processes.Server(self.contender.start(self.place), self.place.port, self.log, self.cores.server)
        self.server = server
        return server.wait_until_up(self.contender.routes.ping)

    def stop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.stop()

    def memory(self) -> int:
        return self.server.memory() if self.server else 0

    def check(self) -> None:
        checks.same_work(self.place.port, self.contender.routes, self.read)

    def seed(self) -> None:
        known = seed.accounts()
        ids = seed.transactions(self.place.port, self.contender.routes, known)
        seed.write_lines(self.files["accounts"], known)
        seed.write_lines(self.files["hot"], known[:1])
        seed.write_lines(self.files["ids"], ids)

    def load(self, work: str, connections: int, seconds: int, turn: int) -> Slot:
        """Run one turn at full load; where it writes, compare the books with what was acknowledged."""
        name, arguments = script(work, self.contender.routes, self.files, turn)
        argv = wrk.command(self.place.port, name, arguments, connections, seconds)
        entries = books.settled(self.read) if work in WRITES else None
        before = ticks()
        load = wrk.run(argv, self.cores.load, seconds)
        after = ticks()
        if self.server is None or not self.server.alive():
            raise ContenderFailed(f"the server died under load:\n{processes.tail(self.log)}")
        if load.requests == 0:
            raise ContenderFailed(f"no reply to {work} at {connections} connections:\n{processes.tail(self.log)}")
        if entries is not None:
            books.check(entries, books.settled(self.read), load.requests - load.status, connections)
        return Slot(
            rate=load.rate,
            p50=load.p50 / 1e3,
            p99=load.p99 / 1e3,
            bad=load.bad,
            server_core=busy_share(before, after, self.cores.server),
            load_core=busy_share(before, after, self.cores.load),
        )


@contextmanager
def staged(contender: Contender, folder: Path, cores: Cores, cluster: Cluster | None) -> Generator[Stage, None, None]:
    """Set a contender up, and take it down with all its data whatever happens. Errors name the contender."""
    stage = None
    try:
        stage = Stage(contender, folder, cores, cluster)
        yield stage
    except BenchError as error:
        raise type(error)(f"{contender.title}: {error}") from error
    finally:
        if stage is not None:
            stage.stop()
        shutil.rmtree(folder, ignore_errors=True)
