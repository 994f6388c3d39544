"""Application logs: one line each, for machines or for people, also of what libraries log."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import msgspec
import pytest

import roadbed
from roadbed.kernel.settings import Settings
from roadbed.runtime.log_output import LogOutput
from roadbed.runtime.logs import Logs, open_logs, wants_console

TOLD = "ValueError: invalid literal for int() with base 10: 'no'"
ID = UUID("0198c0de-1111-7222-8333-444455556666")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    names = ("", "uvicorn.error")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    kept = [(logger, level, list(logger.handlers), list(logger.filters)) for logger, level in before]
    yield
    for logger, level, handlers, filters in kept:
        logger.setLevel(level)
        logger.handlers[:], logger.filters[:] = handlers, filters


def raised() -> ValueError:
    try:
        int("no")
    except ValueError as error:
        return error
    raise AssertionError


class Lines:
    """An open log that keeps its lines."""

    def __init__(self, settings: Settings | None = None, *, terminal: bool = False) -> None:
        self.written: list[bytes] = []
        self.logs: Logs = open_logs(
            settings or Settings(log_format="json"), LogOutput(self.written.append, interval=3600), terminal=terminal
        )

    @property
    def text(self) -> str:
        self.logs.output.flush()
        return b"".join(self.written).decode()

    @property
    def objects(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(line) for line in self.text.splitlines()]

    def one(self) -> dict[str, object]:
        (found,) = self.objects
        return {name: value for name, value in found.items() if name not in ("time", "service", "env", "version")}


def told_by(lines: Lines) -> tuple[str, str]:
    """Return type and last line of the traceback of the one error in the log."""
    (line,) = lines.objects
    error = msgspec.convert(line["exception"], dict[str, str])
    return error["type"], error["traceback"].splitlines()[-1]


@pytest.mark.parametrize(
    ("log_format", "environment", "terminal", "console"),
    [
        ("auto", "development", True, True),
        ("auto", "development", False, False),
        ("auto", "production", True, False),
        ("auto", "production", False, False),
        ("console", "production", False, True),
        ("json", "development", True, False),
    ],
)
def test_who_reads_the_log(log_format: str, environment: str, terminal: bool, console: bool) -> None:
    settings = Settings(log_format=log_format, environment=environment)  # type: ignore[arg-type]
    assert wants_console(settings, terminal=terminal) is console


def test_a_line_is_an_object() -> None:
    lines = Lines()
    lines.logs.logger.info("Serving", engine="sqlite", domains=["ledger"])
    assert lines.one() == {"level": "info", "event": "Serving", "engine": "sqlite", "domains": ["ledger"]}


def test_what_all_lines_have_goes_first() -> None:
    lines = Lines(Settings(log_format="json", service_name="shop", environment="production"))
    lines.logs.logger.warning("Look", job="sweep")
    assert list(lines.objects[0]) == ["time", "level", "event", "service", "env", "version", "job"]
    assert (lines.objects[0]["service"], lines.objects[0]["env"], lines.objects[0]["version"]) == (
        "shop",
        "production",
        roadbed.__version__,
    )


def test_values_that_json_does_not_know_are_said_in_words() -> None:
    lines = Lines()
    lines.logs.logger.info("x", id=ID, error=ValueError("no"), thing=object)
    fields = {"id": str(ID), "error": "no", "thing": "<class 'object'>"}
    assert lines.one() == {"level": "info", "event": "x", "fields": fields}


def test_an_error_has_its_traceback_in_one_line() -> None:
    lines = Lines()
    lines.logs.logger.error("It failed", exc_info=raised())
    assert (len(lines.text.splitlines()), told_by(lines)) == (1, ("ValueError", TOLD))


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["d", "i", "w", "e"]),
        ("info", ["i", "w", "e"]),
        ("warning", ["w", "e"]),
        ("error", ["e"]),
    ],
)
def test_the_level_decides(level: str, events: list[str]) -> None:
    lines = Lines(Settings(log_format="json", log_level=level))  # type: ignore[arg-type]
    lines.logs.logger.debug("d")
    lines.logs.logger.info("i")
    lines.logs.logger.warning("w")
    lines.logs.logger.error("e")
    assert [found["event"] for found in lines.objects] == events


def test_what_libraries_log_takes_the_same_way() -> None:
    lines = Lines()
    logging.getLogger("some.library").warning("%s is %d", "x", 3)
    assert lines.one() == {"level": "warning", "event": "x is 3", "logger": "some.library"}


def test_the_traceback_of_a_library_too() -> None:
    lines = Lines()
    logging.getLogger("some.library").error("It failed", exc_info=raised())
    assert told_by(lines) == ("ValueError", TOLD)


def test_libraries_chat_below_info_is_left_out() -> None:
    lines = Lines(Settings(log_format="json", log_level="debug"))
    logging.getLogger("some.library").debug("chat")
    assert lines.text == ""


def test_the_tale_of_the_server_is_left_out() -> None:
    lines = Lines()
    server = logging.getLogger("uvicorn.error")
    server.info("Started server process [1]")
    server.error("Application startup failed. Exiting.")
    server.error("Something else")
    assert [found["event"] for found in lines.objects] == ["Something else"]


def test_a_level_that_only_a_library_knows() -> None:
    lines = Lines()
    for level in (25, 35, 60):
        logging.getLogger("some.library").log(level, "odd")
    assert [found["level"] for found in lines.objects] == ["info", "warning", "critical"]


def test_words_that_do_not_fit_their_arguments() -> None:
    lines = Lines()
    words = "%d of %s"
    logging.getLogger("some.library").warning(words, "many")
    assert lines.one()["event"] == "%d of %s"


@pytest.mark.parametrize("way", ["error", "tuple", "present"])
def test_an_error_is_named_in_any_way(way: str) -> None:
    lines, error = Lines(), raised()
    if way == "present":
        try:
            raise error
        except ValueError:
            lines.logs.logger.exception("It failed")
    else:
        lines.logs.logger.error("It failed", exc_info=error if way == "error" else (type(error), error, None))
    assert told_by(lines) == ("ValueError", TOLD)


def test_opening_again_does_not_double_lines() -> None:
    Lines()
    lines = Lines()
    logging.getLogger("some.library").warning("once")
    assert len(lines.objects) == 1


def test_for_people() -> None:
    lines = Lines(Settings(log_format="console"))
    lines.logs.logger.info("Serving", engine="sqlite")
    assert [part for part in lines.text.split() if ":" not in part] == ["[info", "]", "Serving", "engine=sqlite"]


def test_for_people_in_colour_on_a_terminal_only() -> None:
    plain = Lines(Settings(log_format="console"), terminal=False)
    plain.logs.logger.info("Serving")
    coloured = Lines(Settings(log_format="console"), terminal=True)
    coloured.logs.logger.info("Serving")
    assert ("\x1b[" in plain.text, "\x1b[" in coloured.text) == (False, True)


def test_a_traceback_for_people_is_pythons_own() -> None:
    lines = Lines(Settings(log_format="console"))
    lines.logs.logger.error("It failed", exc_info=raised())
    assert lines.text.splitlines()[-1] == TOLD


@pytest.mark.parametrize(
    ("log_format", "told"),
    [
        ("json", b'"level":"warning","event":"Log lines were dropped","service":"roadbed"'),
        ("console", b"7 log lines were dropped: nobody read them in time"),
    ],
)
def test_dropped_lines_are_told_in_the_form_of_the_log(
    log_format: str, told: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []

    class Told(LogOutput):
        def __init__(self, **options: object) -> None:
            made.append(options["told"](7))  # type: ignore[operator]
            super().__init__(lambda _: None, interval=3600)

    monkeypatch.setattr("roadbed.runtime.logs.LogOutput", Told)
    open_logs(Settings(log_format=log_format), terminal=False).close()  # type: ignore[arg-type]
    assert told in made[0]


def test_structlog_does_not_bring_rich() -> None:
    code = (
        "import sys; from roadbed.kernel.settings import Settings; from roadbed.runtime.logs import open_logs; "
        "open_logs(Settings()).close(); print('structlog' in sys.modules, 'rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True False\n"


def test_rich_can_be_imported_afterwards() -> None:
    code = (
        "from roadbed.kernel.settings import Settings; from roadbed.runtime.logs import open_logs; "
        "open_logs(Settings()).close(); import rich.table; print('fine')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "fine\n"


def test_the_log_goes_to_standard_error() -> None:
    code = (
        "from roadbed.kernel.settings import Settings; from roadbed.runtime.logs import open_logs; "
        "logs = open_logs(Settings()); logs.logger.info('here'); logs.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, msgspec.json.decode(done.stderr)["event"]) == ("", "here")
