"""Disks with little room, in two ways: a small file system of its own (root), a limit on the size of files (anyone)."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.service import Service

WAYS = ("tmpfs", "file size limit") if os.geteuid() == 0 else ("file size limit",)
"""Only root may mount. The other way needs no right: a write beyond the limit fails, in a running process too."""

KIB = 1024


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """Mount an empty file system of so many bytes on a folder; whatever happens inside, it goes again."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"a small file system is needed, and only root can mount one: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a process that is just dying may still hold a file there.
        subprocess.run(["umount", "--lazy", str(folder)], timeout=30, check=True)


class SmallDisk:
    """A file system with a ballast file: take it away, and there is room again."""

    outlasts_a_restart = True

    def __init__(self, folder: Path, ballast: int) -> None:
        self._ballast = folder / "ballast"
        self._ballast.write_bytes(bytes(ballast))

    def fill(self, service: Service) -> None:
        """Nothing to do: the load itself fills it."""

    def make_room(self, service: Service) -> None:
        self._ballast.unlink()


class SizeLimit:
    """A limit on how long the files of a running service may grow, as ``ulimit -f`` sets it. No right is needed."""

    outlasts_a_restart = False

    def fill(self, service: Service) -> None:
        """Let no file grow beyond what the largest of its files is now, and a little more."""
        if not hasattr(resource, "prlimit"):
            raise RuntimeError("without root this needs prlimit, which only Linux has")
        largest = max(path.stat().st_size for path in service.folder.rglob("*") if path.is_file())
        self._limit(service, largest + 64 * KIB)

    def make_room(self, service: Service) -> None:
        self._limit(service, resource.RLIM_INFINITY)

    def _limit(self, service: Service, size: int) -> None:
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
