"""Commands that run unwatched write lines where machines read them; all others speak to people."""

import msgspec
import pytest

from roadbed.cli.telling import listener, listener_of, refuse
from roadbed.kernel.settings import Settings
from roadbed.runtime.log_lines import Origin
from tests.unit.cli.conftest import Command

ORIGIN = Origin("shop", "production", "1")


@pytest.mark.parametrize(
    ("arguments", "env", "machines"),
    [
        (["up"], {}, False),
        (["up"], {"ROADBED_LOG_FORMAT": "json"}, True),
        (["serve", "--port", "0"], {"ROADBED_ENVIRONMENT": "production"}, True),
        (["serve"], {"ROADBED_ENVIRONMENT": "production", "ROADBED_LOG_FORMAT": "console"}, False),
        (["migrate", "upgrade"], {"ROADBED_LOG_FORMAT": "json"}, True),
        (["migrate", "status"], {"ROADBED_LOG_FORMAT": "json"}, False),
        (["doctor"], {"ROADBED_LOG_FORMAT": "json"}, False),
        ([], {"ROADBED_LOG_FORMAT": "json"}, False),
    ],
    ids=str,
)
@pytest.mark.usefixtures("folder")
def test_who_listens_to_a_command(
    arguments: list[str], env: dict[str, str], machines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert (listener_of(arguments) is not None) is machines


def test_a_line_says_whose_it_is() -> None:
    told = listener(Settings(log_format="json", service_name="shop"))
    assert told is not None
    assert (told.service, told.env) == ("shop", "development")


def test_people_get_words(capfd: pytest.CaptureFixture[str]) -> None:
    assert (refuse("no", 2, None), capfd.readouterr().err) == (2, "roadbed: no\n")


def test_machines_get_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    code = refuse("no", 2, ORIGIN, ["no"])
    told = msgspec.json.decode(capfd.readouterr().err)
    assert (code, told["level"], told["detail"], told["exit_code"], "problems" in told) == (2, "error", "no", 2, False)


def test_several_problems_are_a_list(capfd: pytest.CaptureFixture[str]) -> None:
    refuse("a\n  - b\n  - c", 2, ORIGIN, ["b", "c"])
    told = msgspec.json.decode(capfd.readouterr().err)
    assert (told["problems"], "detail" in told) == (["b", "c"], False)


def test_a_command_that_is_refused_in_production(roadbed: Command) -> None:
    done = roadbed("serve", "--port", "0", ROADBED_LOG_FORMAT="json", ROADBED_PORTT="1")
    told = msgspec.json.decode(done.err)
    assert (done.code, done.out, told["event"]) == (2, "", "The command failed")
    assert "ROADBED_PORTT is not a setting" in told["detail"]
