"""Where the metrics of several workers meet: a folder of files, one service start long.

The supervisor makes it before it starts workers, and removes it in the end. What a supervisor that was killed left
behind goes at the next start.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client reads this variable once, when it is first imported."""

_PREFIX = "roadbed-metrics-"
_FOLDER = re.compile(rf"{_PREFIX}(\d+)-")
_LIVE = re.compile(r"gauge_live[a-z]*_(\d+)\.db\Z")


@contextmanager
def metrics_folder(place: Path | None = None) -> Generator[Path]:
    """Make the folder, and name it to the processes started within the block."""
    place = place or Path(tempfile.gettempdir())
    remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(place: Path) -> None:
    """Remove the folders of supervisors that are no more."""
    for folder in place.glob(f"{_PREFIX}*"):
        match = _FOLDER.match(folder.name)
        if match and not _alive(int(match[1])):
            shutil.rmtree(folder, ignore_errors=True)


def forget_the_dead(folder: str | Path) -> None:
    """Remove the gauges of workers that are no more; what they counted stays."""
    for file in Path(folder).iterdir():
        match = _LIVE.match(file.name)
        if match and not _alive(int(match[1])):
            file.unlink(missing_ok=True)


def files(folder: str | Path) -> list[str]:
    """Return the files of values. An empty one is left out: a worker has just made it, or was killed while it did."""
    return [str(file) for file in Path(folder).glob("*.db") if _size(file)]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0  # another scrape has just forgotten it


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
