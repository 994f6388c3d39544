"""What the benchmark of the console stands on: either engine, and nothing else that lies about on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from bench.console import __main__ as program
from bench.console import stage

URL = "postgresql://bench@127.0.0.1:1/console"


class Server:
    """Stands for a database server."""

    def __init__(self, folder: Path, core: int | None) -> None:
        self.folder, self.core = folder, core

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def create_database(self, name: str) -> str:
        assert (self.core, name) == (None, "console")
        return URL


def test_each_engine_has_its_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stage, "Cluster", Server)
    tmp_path.chmod(0o700)
    with stage.database_of("sqlite", tmp_path) as url:
        assert url is None
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    with stage.database_of("postgres", tmp_path) as url:
        assert url == URL
    # The server's user is another one, and has to get through to its folder.
    assert tmp_path.stat().st_mode & 0o777 == 0o711


def test_the_service_runs_on_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADBED_DATABASE_URL", "postgresql://somewhere/else")
    monkeypatch.setenv("ROADBED_DOMAINS", "kv")
    monkeypatch.setenv("LANG", "C")
    assert stage.environment_of(None).keys().isdisjoint({"ROADBED_DATABASE_URL", "ROADBED_DOMAINS"})
    assert stage.environment_of(URL)["ROADBED_DATABASE_URL"] == URL
    assert stage.environment_of(URL)["LANG"] == "C"


@pytest.mark.parametrize(("arguments", "engine"), [([], "sqlite"), (["--engine", "postgres"], "postgres")])
def test_the_engine_is_chosen_and_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], engine: str
) -> None:
    asked: list[object] = []

    @contextmanager
    def database_of(engine: str, folder: Path) -> Iterator[str]:
        asked.append((engine, folder.is_dir()))
        yield URL

    @contextmanager
    def staged(folder: Path, points: int, url: str | None) -> Iterator[None]:
        asked.append((points, url))
        yield

    monkeypatch.setattr(program, "database_of", database_of)
    monkeypatch.setattr(program, "staged", staged)
    monkeypatch.setattr(program, "FIGURES", {"load": lambda _: {"overview, ms": 7.0}})
    assert program.main([*arguments, "--rounds", "2", "--points", "10"]) == 0
    assert asked == [(engine, True), (10, URL)]
    assert capsys.readouterr().out.splitlines()[0].startswith(f"| {engine}, 10 points, 2 rounds |")
