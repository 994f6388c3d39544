"""Figures of this process, and its limit of open files."""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from roadbed.runtime import process
from roadbed.runtime.process import figures, raise_open_files


@pytest.fixture
def limit() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield 256, before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_an_open_file_is_seen(tmp_path: Path) -> None:
    before = figures().open_files
    with (tmp_path / "x").open("wb"):
        during = figures().open_files
    assert (during - before, figures().open_files - before) == (1, 0)


def test_memory_that_is_used_is_seen() -> None:
    before = figures().memory
    block = bytearray(os.urandom(1024)) * (64 * 1024)
    assert figures().memory - before > len(block) // 2


def test_cpu_time_rises() -> None:
    before = figures().cpu
    while figures().cpu == before:
        sum(range(10_000))
    assert figures().cpu > before


def test_the_limit_of_open_files_is_told(limit: tuple[int, int]) -> None:
    assert figures().max_open_files == limit[0]


def test_without_procfs_the_peak_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: Path) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", missing)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert figures().memory >= peak * (1 if sys.platform == "darwin" else 1024)


def test_without_any_listing_no_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: str) -> list[str]:
        raise FileNotFoundError

    monkeypatch.setattr(process.os, "listdir", missing)
    assert figures().open_files == 0


def test_the_limit_is_raised(limit: tuple[int, int]) -> None:
    assert (raise_open_files(300), resource.getrlimit(resource.RLIMIT_NOFILE)) == (300, (300, limit[1]))


def test_the_limit_is_not_lowered(limit: tuple[int, int]) -> None:
    assert (raise_open_files(10), resource.getrlimit(resource.RLIMIT_NOFILE)) == (256, limit)


def test_the_limit_stays_within_what_is_allowed(limit: tuple[int, int]) -> None:
    allowed = limit[1] if limit[1] != resource.RLIM_INFINITY else 10**9
    if allowed == 10**9:
        assert raise_open_files(300) == 300
    else:
        assert raise_open_files(10**9) == allowed


def test_no_limit_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert (raise_open_files(300), figures().max_open_files) == (resource.RLIM_INFINITY, -1)
