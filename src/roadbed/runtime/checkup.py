"""What ``roadbed doctor`` looks at on this machine: each check returns a finding, with how to mend it."""

from __future__ import annotations

import fcntl
import mmap
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Literal

import msgspec

from roadbed.kernel.errors import ConfigurationError, RoadbedError
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_values import GIB, MIB
from roadbed.runtime.listening import allowed_hosts, check_exposure, listen
from roadbed.runtime.process import FILES_BESIDE_CONNECTIONS
from roadbed.runtime.storage import nearest, storage_problem

LEAST_SQLITE = (3, 46, 0)
LEAST_FREE = 256 * MIB
LITTLE_FREE = 2 * GIB
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}  # noqa: S104 - nothing listens by this
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph")
_SET = "set it in roadbed.toml, or as a variable: `roadbed config` shows what is in force"
_RELEASED = 1_767_225_600  # 2026-01-01T00:00:00Z: before this release existed, no clock can be right


class Finding(msgspec.Struct, frozen=True):
    """The result of one check. ``mend`` says what to do; it is empty when all is well."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    mend: str = ""


def machine(settings: Settings) -> Iterator[Finding]:
    """Check what needs no database to be open."""
    yield python()
    yield sqlite()
    yield exposure(settings)
    yield port(settings)
    yield open_files(settings)
    yield clock()
    if settings.dialect == "sqlite":
        yield from storage(settings.sqlite_path)


def python() -> Finding:
    """Tell which Python this is; one that is too old does not come as far as here."""
    return Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")


def sqlite() -> Finding:
    """Check the version of the SQLite that apsw brings."""
    try:
        import apsw
    except ImportError as error:
        return Finding("sqlite", "failed", str(error), "install Roadbed anew: its dependency apsw is missing")
    version = apsw.sqlite_lib_version()
    if tuple(int(part) for part in version.split(".")) < LEAST_SQLITE:
        return Finding("sqlite", "failed", version, "pip install --upgrade apsw")
    return Finding("sqlite", "ok", version)


def exposure(settings: Settings) -> Finding:
    """Check who will be able to reach the service."""
    try:
        check_exposure(settings)
    except ConfigurationError as error:
        return Finding("exposure", "failed", "; ".join(error.problems), _SET)
    if settings.open_access:
        return Finding("exposure", "warning", "open_access: everyone who reaches the service may do everything")
    return Finding("exposure", "ok", f"{settings.environment}, on {settings.host} alone")


def port(settings: Settings) -> Finding:
    """Check that the port is free, or that it is Roadbed that has it."""
    place = f"{settings.host}:{settings.port}"
    try:
        listen(settings).close()
    except RoadbedError as error:
        if _is_roadbed(settings):
            return Finding("port", "ok", f"{place} is served by Roadbed already")
        return Finding("port", "failed", error.detail, "stop the other process, or set another port")
    return Finding("port", "ok", f"{place} is free")


def _is_roadbed(settings: Settings) -> bool:
    # Who listens on every address serves no host of that name: in a container, and in production, it would refuse.
    connection = HTTPConnection(_LOOPBACK.get(settings.host, settings.host), settings.port, timeout=2)
    host = next((name.replace("*.", "doctor.") for name in allowed_hosts(settings) if name != "*"), "localhost")
    try:
        connection.request("GET", "/", headers={"Accept": "application/json", "Host": host})
        return b'"name":"Roadbed"' in connection.getresponse().read(4096)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def open_files(settings: Settings) -> Finding:
    """Check that the limit of open files leaves room for all connections that the settings allow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.max_connections + FILES_BESIDE_CONNECTIONS
    # A start raises the soft limit by itself: only the hard one can be in the way.
    if hard != resource.RLIM_INFINITY and hard < needed:
        mend = f"raise it (ulimit -Hn {needed}, LimitNOFILE= of systemd), or lower max_connections"
        return Finding("open files", "failed", f"the limit is {hard}, {needed} may be needed", mend)
    return Finding("open files", "ok", f"limit {soft}, {'none' if hard == resource.RLIM_INFINITY else hard} at most")


def clock() -> Finding:
    """Check that the clock is not far off: identifiers and histories follow it."""
    now = time.time()
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    if now < _RELEASED:
        return Finding("clock", "failed", f"{shown} is long past", "set the clock; let NTP keep it")
    return Finding("clock", "ok", shown)


def storage(path: Path) -> Iterator[Finding]:
    """Check the folder of the embedded database: rights, room, and what SQLite needs of a file system."""
    if problem := storage_problem(path):
        yield Finding("data folder", "failed", problem, "give the user the right to write there, or set another --data")
        return
    folder, place = path.parent, nearest(path.parent)
    detail = f"{folder} can be written" if place == folder else f"{folder} is not there yet; a start makes it"
    yield Finding("data folder", "ok", detail)
    yield room(place)
    yield file_system(place)


def room(folder: Path) -> Finding:
    """Check how much space is left."""
    free = shutil.disk_usage(folder).free
    shown = f"{free / GIB:.1f} GiB free"
    if free < LEAST_FREE:
        return Finding("disk", "failed", shown, "make room: writes will be refused when the disk is full")
    if free < LITTLE_FREE:
        return Finding("disk", "warning", shown, "make room soon")
    return Finding("disk", "ok", shown)


def file_system(folder: Path) -> Finding:
    """Check that the file system keeps locks, shares memory maps and syncs: SQLite's write-ahead log needs all three.

    See https://sqlite.org/wal.html, "All processes using a database must be on the same host computer".
    """
    kind = _kind(folder)
    if kind in _REMOTE:
        return Finding("file system", "failed", f"{kind} is a network file system", "keep the data on a local disk")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".roadbed-doctor-") as first:
            first.write(b"\0" * mmap.PAGESIZE)
            first.flush()
            os.fsync(first.fileno())
            mmap.mmap(first.fileno(), mmap.PAGESIZE).close()
            if not _excludes(first.name):
                return Finding("file system", "failed", "locks do not exclude", "keep the data on a local disk")
    except OSError as error:
        return Finding("file system", "failed", f"{error.strerror}", "keep the data on a local disk")
    return Finding("file system", "ok", f"{kind or 'local'}: locks, memory maps and syncs work")


def _excludes(name: str) -> bool:
    with open(name, "rb") as one, open(name, "rb") as other:  # noqa: PTH123 - for the descriptors' sake
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _kind(folder: Path) -> str:
    """Return the type of the file system that holds a folder; empty where there is no procfs to ask."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    resolved, best, kind = folder.resolve(), -1, ""
    for fields in (line.split() for line in mounts):
        point = Path(fields[1].replace("\\040", " "))
        if resolved.is_relative_to(point) and len(point.parts) > best:
            best, kind = len(point.parts), fields[2]
    return kind
