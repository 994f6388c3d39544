"""One contender on its feet: prepared on an empty database, started, checked, seeded, and taken down again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
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
        self.drop: Callable[[], None] = lambda: None
        self.read: Reader = lambda: books.in_sqlite(data, contender.books)
        url = self._new_database(cluster) if contender.store == "postgresql" else ""
        self.place = Place(processes.free_port(), data, url)
        self.server: processes.Server | None = None
        self.files = {name: folder / f"{name}.txt" for name in ("accounts", "hot", "ids", "keys")}

    def _new_database(self, cluster: Cluster | None) -> str:
        """Make an empty database in PostgreSQL and note how it is read and dropped; return its URL."""
        if cluster is None:
            raise BenchError(f"{self.contender.title} needs PostgreSQL")
        name, of_contender = self.contender.name.replace("-", "_"), self.contender.books
        self.read = lambda: books.in_postgres(cluster, name, of_contender)
        self.drop = lambda: cluster.drop_database(name)
        cluster.checkpoint()
        return cluster.create_database(name)

    def prepare(self) -> None:
        """Make the schema, or whatever else comes before the first start."""
        with named(self.contender.title):
            for command in self.contender.prepare(self.place):
                processes.run(command, self.log, self.cores.server)

    def start(self) -> float:
        """Start the server; return the seconds until its first answer."""
        with named(self.contender.title):
            command = self.contender.start(self.place)
            self.server = processes.Server(command, self.place.port, self.log, self.cores.server)
            return self.server.wait_until_up(self.contender.routes.ping)

    def stop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            server.stop()

    def memory(self) -> processes.Memory:
        return self.server.memory() if self.server else processes.Memory(0, 0)

    def check(self) -> None:
        """Refuse a contender that does other work than the others."""
        with named(self.contender.title):
            checks.same_work(self.place.port, self.contender.routes, self.read)
            if self.contender.routes.kv:
                checks.same_store(self.place.port, self.contender.routes.kv)

    def seed(self) -> None:
        """Create what is looked up later, and write the files that the load scripts read."""
        known = seed.accounts()
        with named(self.contender.title):
            ids = seed.transactions(self.place.port, self.contender.routes, known)
        seed.write_lines(self.files["accounts"], known)
        seed.write_lines(self.files["hot"], known[:1])
        seed.write_lines(self.files["ids"], ids)
        if self.contender.routes.kv:
            with named(self.contender.title):
                seed.values(self.place.port, self.contender.routes, seed.keys())
            seed.write_lines(self.files["keys"], seed.keys())

    def load(self, work: str, connections: int, seconds: int, turn: int) -> Slot:
        """Run one turn at full load; where it writes, compare the books with what was acknowledged."""
        with named(self.contender.title):
            before = books.settled(self.read) if work in WRITES else None
            load, server_core, load_core = self._measured(work, connections, seconds, turn)
            if self.server is None or not self.server.alive():
                raise ContenderFailed(f"the server died under load:\n{processes.tail(self.log)}")
            if load.requests == 0:
                raise ContenderFailed(f"no reply to {work} at {connections} connections:\n{processes.tail(self.log)}")
            if before is not None:
                books.check(before, books.settled(self.read), load.requests - load.status, connections)
        return Slot(load.rate, load.p50 / 1e3, load.p99 / 1e3, load.bad, server_core, load_core)

    def _measured(self, work: str, connections: int, seconds: int, turn: int) -> tuple[wrk.Load, float, float]:
        """Return what wrk saw, and how busy the server's core and the load's were meanwhile."""
        name, arguments = script(work, self.contender.routes, self.files, turn)
        argv = wrk.command(self.place.port, name, arguments, connections, seconds)
        before = ticks()
        load = wrk.run(argv, self.cores.load, seconds)
        after = ticks()
        return load, busy_share(before, after, self.cores.server), busy_share(before, after, self.cores.load)


@contextmanager
def staged(contender: Contender, folder: Path, cores: Cores, cluster: Cluster | None) -> Generator[Stage, None, None]:
    """Set a contender up, and take it down with all its data whatever happens."""
    stage = Stage(contender, folder, cores, cluster)
    try:
        stage.prepare()
        yield stage
    finally:
        stage.stop()
        stage.drop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def named(title: str) -> Generator[None, None, None]:
    """Say whose failure it is. Two contenders are up at a time: only the one that was asked can be meant."""
    try:
        yield
    except BenchError as error:
        error.contender = title
        raise
