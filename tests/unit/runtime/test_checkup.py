"""Each check of the machine: what it finds, and how to mend it."""

import fcntl
import http.server
import os
import platform
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_values import GIB, MIB
from roadbed.runtime import checkup
from roadbed.runtime.checkup import Finding
from roadbed.runtime.listening import listen


class Roadbed(http.server.BaseHTTPRequestHandler):
    """Answers as a service does, or as something else."""

    body = b'{"name":"Roadbed","version":"1"}'

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Choosy(Roadbed):
    """Serves its own hosts, and refuses others."""

    def do_GET(self) -> None:
        if self.headers["Host"].endswith("example.org"):
            super().do_GET()
        else:
            self.send_error(403)


class Stranger(Roadbed):
    body = b"hello"


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port on which an HTTP server of the handler of this test answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), request.param)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_python() -> None:
    assert checkup.python() == Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")


def test_sqlite() -> None:
    assert checkup.sqlite().state == "ok"


def test_an_old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apsw", SimpleNamespace(sqlite_lib_version=lambda: "3.40.1"))
    assert checkup.sqlite() == Finding("sqlite", "failed", "3.40.1", "pip install --upgrade apsw")


def test_no_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apsw", None)
    assert (checkup.sqlite().state, checkup.sqlite().mend) == (
        "failed",
        "install Roadbed anew: its dependency apsw is missing",
    )


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        (Settings(), "ok"),
        (Settings(host="0.0.0.0"), "failed"),
        (Settings(host="0.0.0.0", open_access=True), "warning"),
        (Settings(environment="production"), "failed"),
    ],
)
def test_exposure(settings: Settings, state: str) -> None:
    assert checkup.exposure(settings).state == state


def test_a_free_port() -> None:
    with listen(Settings(port=0)) as sock:
        port = sock.getsockname()[1]
    assert checkup.port(Settings(port=port)) == Finding("port", "ok", f"127.0.0.1:{port} is free")


def test_a_busy_port_that_does_not_answer() -> None:
    with listen(Settings(port=0)) as sock:

        def hang_up() -> None:
            sock.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = checkup.port(Settings(port=sock.getsockname()[1]))
        thread.join()
    assert (found.state, found.mend) == ("failed", "stop the other process, or set another port")


@pytest.mark.parametrize("served", [Roadbed], indirect=True)
def test_a_port_that_roadbed_has(served: int) -> None:
    found = checkup.port(Settings(port=served))
    assert found == Finding("port", "ok", f"127.0.0.1:{served} is served by Roadbed already")


@pytest.mark.parametrize("served", [Choosy], indirect=True)
@pytest.mark.parametrize("allowed", [("example.org", "api"), ("*.example.org",)])
def test_a_port_that_roadbed_has_on_every_address_for_hosts_of_its_own(served: int, allowed: tuple[str, ...]) -> None:
    """As in a container: 0.0.0.0 is where it listens, and no host that it serves."""
    settings = Settings(environment="production", host="0.0.0.0", port=served, open_access=True, allowed_hosts=allowed)
    found = checkup.port(settings)
    assert found == Finding("port", "ok", f"0.0.0.0:{served} is served by Roadbed already")


@pytest.mark.parametrize("served", [Stranger], indirect=True)
def test_a_port_that_a_stranger_has(served: int) -> None:
    assert checkup.port(Settings(port=served)).state == "failed"


@pytest.mark.parametrize(
    ("hard", "connections", "state"),
    [
        (4096, 1000, "ok"),
        (1100, 1000, "ok"),
        (1099, 1000, "failed"),
        (1024, 10_000, "failed"),
        (resource.RLIM_INFINITY, 1_000_000, "ok"),
    ],
)
def test_open_files(hard: int, connections: int, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, hard))
    assert checkup.open_files(Settings(max_connections=connections)).state == state


def test_how_to_get_more_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    found = checkup.open_files(Settings(max_connections=2000))
    assert (found.detail, found.mend) == (
        "the limit is 1024, 2100 may be needed",
        "raise it (ulimit -Hn 2100, LimitNOFILE= of systemd), or lower max_connections",
    )


@pytest.mark.parametrize(("now", "state"), [(0.0, "failed"), (1_000_000_000.0, "failed"), (1_900_000_000.0, "ok")])
def test_the_clock(now: float, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: now)
    assert checkup.clock().state == state


@pytest.mark.parametrize(
    ("free", "state", "shown"),
    [
        (10 * GIB, "ok", "10.0 GiB free"),
        (GIB, "warning", "1.0 GiB free"),
        (100 * MIB, "failed", "0.1 GiB free"),
        (0, "failed", "0.0 GiB free"),
    ],
)
def test_room_on_the_disk(free: int, state: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    found = checkup.room(tmp_path)
    assert (found.state, found.detail) == (state, shown)


def test_a_file_system_that_does(tmp_path: Path) -> None:
    found = checkup.file_system(tmp_path)
    assert (found.state, list(tmp_path.iterdir())) == ("ok", [])


def test_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"server:/x {tmp_path} nfs4 rw 0 0\n")
    assert checkup.file_system(tmp_path) == Finding(
        "file system", "failed", "nfs4 is a network file system", "keep the data on a local disk"
    )


def test_a_file_system_whose_locks_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    assert checkup.file_system(tmp_path) == Finding(
        "file system", "failed", "locks do not exclude", "keep the data on a local disk"
    )


def test_a_file_system_that_cannot_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    found = checkup.file_system(tmp_path)
    assert (found.state, found.detail) == ("failed", "Invalid argument")


def test_without_procfs_the_kind_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert checkup.file_system(tmp_path).detail == "local: locks, memory maps and syncs work"


def test_the_nearest_mount_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "with space" / "data"
    deep.mkdir(parents=True)
    mounts = f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path}/with\\040space cifs rw 0 0\nb {tmp_path} xfs rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: mounts)
    assert checkup.file_system(deep).detail == "cifs is a network file system"


def states(path: Path) -> dict[str, str]:
    return {found.name: found.state for found in checkup.storage(path)}


def test_a_data_folder_that_is_there(tmp_path: Path) -> None:
    assert states(tmp_path / "roadbed.db")["data folder"] == "ok"


def test_a_data_folder_that_a_start_makes(tmp_path: Path) -> None:
    found = next(checkup.storage(tmp_path / "a" / "b" / "roadbed.db"))
    assert (found.state, found.detail) == ("ok", f"{tmp_path}/a/b is not there yet; a start makes it")


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert list(checkup.storage(tmp_path / "data" / "roadbed.db")) == [
        Finding(
            "data folder",
            "failed",
            f"the data folder {tmp_path}/data cannot be made: {tmp_path}/data is a file",
            "give the user the right to write there, or set another --data",
        )
    ]


def test_the_machine_is_checked_whole(tmp_path: Path) -> None:
    names = [found.name for found in checkup.machine(Settings(port=0, data=tmp_path))]
    assert names == [
        "python",
        "sqlite",
        "exposure",
        "port",
        "open files",
        "clock",
        "data folder",
        "disk",
        "file system",
    ]


def test_with_postgresql_the_disk_is_of_no_concern(tmp_path: Path) -> None:
    settings = Settings(port=0, data=tmp_path, database_url="postgresql://host/name")
    names = {found.name for found in checkup.machine(settings)}
    assert names & {"data folder", "disk", "file system"} == set()


def test_looking_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    list(checkup.machine(Settings(port=0, data=tmp_path / "data")))
    assert list(tmp_path.iterdir()) == []
