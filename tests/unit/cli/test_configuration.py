"""`roadbed config`: every setting, its value and where it comes from, no secret."""

from pathlib import Path

import msgspec
import pytest

from roadbed.cli import output
from roadbed.kernel.settings import table
from tests.unit.cli.conftest import Command

URL = "postgresql://user:hush@host/name?sslpassword=hush"
MASKED = "postgresql://user:***@host/name?sslpassword=***"


def rows(text: str) -> dict[str, list[str]]:
    return {name: rest for name, *rest in (line.split("\t") for line in text.splitlines())}


def test_every_setting_is_there(roadbed: Command) -> None:
    done = roadbed("config")
    assert (done.code, done.err, list(rows(done.out))) == (0, "", [row.name for row in table()])


def test_sources_are_named(roadbed: Command, folder: Path) -> None:
    (folder / "roadbed.toml").write_text('body_limit = "2 MiB"\nworkers = 2\n')
    found = rows(roadbed("config", "--port", "9000", ROADBED_WORKERS="3").out)
    assert [found[name] for name in ("body_limit", "workers", "port", "host")] == [
        ["2 MiB", "roadbed.toml: body_limit"],
        ["3", "ROADBED_WORKERS"],
        ["9000", "--port"],
        ["127.0.0.1", "default"],
    ]


@pytest.mark.parametrize(
    ("option", "value", "name", "shown"),
    [
        ("--host", "0.0.0.0", "host", "0.0.0.0"),
        ("--port", "1", "port", "1"),
        ("--data", "elsewhere", "data", "elsewhere"),
        ("--domains", "ledger, shop", "domains", "ledger, shop"),
        ("--workers", "4", "workers", "4"),
    ],
)
def test_options(roadbed: Command, option: str, value: str, name: str, shown: str) -> None:
    assert rows(roadbed("config", option, value).out)[name] == [shown, option]


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_secrets_are_masked(roadbed: Command, form: list[str]) -> None:
    done = roadbed("config", *form, ROADBED_DATABASE_URL=URL, ROADBED_DATABASE_DIRECT_URL=URL)
    assert (done.code, "hush" in done.out + done.err, done.out.count(MASKED)) == (0, False, 2)


def test_json_is_for_programs(roadbed: Command) -> None:
    done = roadbed("config", "--json", ROADBED_BODY_LIMIT="2 MiB", ROADBED_KEEP_ALIVE="1 min")
    found = msgspec.json.decode(done.out)
    assert [found[name] for name in ("body_limit", "keep_alive", "domains", "data", "metrics", "environment")] == [
        {"value": 2 * 1024 * 1024, "source": "ROADBED_BODY_LIMIT"},
        {"value": 60.0, "source": "ROADBED_KEEP_ALIVE"},
        {"value": ["ledger"], "source": "ROADBED_DOMAINS"},
        {"value": "data", "source": "default"},
        {"value": True, "source": "default"},
        {"value": "development", "source": "default"},
    ]


def test_json_holds_every_setting(roadbed: Command) -> None:
    assert list(msgspec.json.decode(roadbed("config", "--json").out)) == [row.name for row in table()]


def test_a_table_is_drawn_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    output.print_table(("setting", "value"), [("allowed_hosts", "[::1]"), ("port", "[bold]8000[/bold]")])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["setting", "value"], ["allowed_hosts", "[::1]"], ["port", "[bold]8000[/bold]"]]


def test_nothing_is_touched(roadbed: Command, folder: Path) -> None:
    roadbed("config")
    assert list(folder.iterdir()) == []
