"""``roadbed dashboards``: writes Grafana's dashboards, or tells whether those that are there are current."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from roadbed.cli.outcome import DONE, FAILED, tell
from roadbed.kernel.settings import Settings


def write_or_check(settings: Settings, folder: Path, runbooks: str, *, check: bool) -> int:
    """Write one file per dashboard, or with ``check`` write none; return the exit code.

    Files of other names are left alone.
    """
    made = dashboards(settings, runbooks)
    if check:
        return _tell_difference(folder, made)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / name).write_bytes(content)
        print(folder / name)
    return DONE


def dashboards(settings: Settings, runbooks: str = "") -> Mapping[str, bytes]:
    """Return the dashboards of the service and of each domain that is on, by the names of their files."""
    from roadbed.platform.boards import BOARDS
    from roadbed.platform.boards_domain import board_of
    from roadbed.platform.grafana import RUNBOOKS, written
    from roadbed.resource.registry import load_domains

    boards = [*BOARDS, *(board_of(domain) for domain in load_domains(settings.domains))]
    return written(boards, runbooks.rstrip("/") or RUNBOOKS)


def _tell_difference(folder: Path, made: Mapping[str, bytes]) -> int:
    stale = [name for name, content in made.items() if not _is(folder / name, content)]
    if stale:
        return tell(f"not current in {folder}: {', '.join(stale)}; `roadbed dashboards` writes them", FAILED)
    print(f"{len(made)} dashboards are current in {folder}")
    return DONE


def _is(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content
