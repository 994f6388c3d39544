"""The first start at a terminal asks once whether to load sample data; nobody else is asked."""

import os
import pty
import signal
import subprocess
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from roadbed.cli import samples
from roadbed.cli.migrating import migrate_if_behind
from roadbed.kernel.settings import Settings
from tests.conftest import StartService
from tests.support.ports import free_port
from tests.support.programs import find_program
from tests.support.waiting import wait_until

NEW = ("platform_0001", "items_0001")
HINT = "Samples  none yet; `roadbed seed`, in another terminal"


class Terminal:
    """`roadbed up` as somebody starts it at a terminal: what they see, and what they type."""

    def __init__(self, folder: Path, database_url: str, *arguments: str, stdin: int | None = None) -> None:
        self.port = free_port()
        self.seen = ""
        self._screen, end = pty.openpty()
        # As wide as what is printed, and without turning line ends.
        termios.tcsetwinsize(end, (50, 200))
        tty.setraw(end)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
        command = [find_program("roadbed"), "up", "--port", str(self.port), "--data", str(folder / "data")]
        self._process = subprocess.Popen(
            [*command, "--domains", "items", *arguments],
            stdin=end if stdin is None else stdin,
            stdout=end,
            stderr=end,
            env=inherited | {"ROADBED_DATABASE_URL": database_url, "TERM": "dumb"},
            cwd=folder,
            start_new_session=True,
            # As in every shell at a terminal; whoever runs the tests in the background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no other thread runs
        )
        os.close(end)
        os.set_blocking(self._screen, False)

    def shows(self, text: str) -> bool:
        try:
            self.seen += os.read(self._screen, 65536).decode()
        except BlockingIOError:
            pass
        except OSError:  # the other side is closed: the process has ended
            assert text in self.seen, self.seen
        return text in self.seen

    def wait_for(self, text: str) -> None:
        wait_until(lambda: self.shows(text), f"{text!r} on the screen", within=30)

    def types(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def items(self) -> int:
        return len(httpx.get(f"http://127.0.0.1:{self.port}/items", timeout=10).json())

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)
        os.close(self._screen)


@contextmanager
def at_a_terminal(folder: Path, url: str, *arguments: str, stdin: int | None = None) -> Iterator[Terminal]:
    terminal = Terminal(folder, url, *arguments, stdin=stdin)
    try:
        yield terminal
    finally:
        terminal.close()


def test_who_sits_at_a_terminal_is_asked_once(tmp_path: Path, engine_url: str) -> None:
    with at_a_terminal(tmp_path, engine_url) as terminal:
        terminal.wait_for(samples.QUESTION)
        terminal.types("\n")
        terminal.wait_for("Stop")
        assert ("Samples  loaded" in terminal.seen, HINT in terminal.seen) == (True, False)
        assert terminal.items() == 8
        assert terminal.interrupt() == 0
    with at_a_terminal(tmp_path, engine_url) as terminal:
        terminal.wait_for("Stop")
        assert ("sample data" in terminal.seen, "Samples" in terminal.seen, terminal.items()) == (False, False, 8)


@pytest.mark.parametrize("answer", ["n\n", "No\n", "what?\n"])
def test_whoever_does_not_say_yes_gets_none(tmp_path: Path, sqlite_url: str, answer: str) -> None:
    with at_a_terminal(tmp_path, sqlite_url) as terminal:
        terminal.wait_for(samples.QUESTION)
        terminal.types(answer)
        terminal.wait_for("Stop")
        assert (HINT in terminal.seen, terminal.items()) == (True, 0)


def test_who_leaves_at_the_question_is_asked_again(tmp_path: Path, engine_url: str) -> None:
    for _ in range(2):
        with at_a_terminal(tmp_path, engine_url) as terminal:
            terminal.wait_for(samples.QUESTION)
            assert (terminal.interrupt(), "Traceback" in terminal.seen) == (0, False)
    with at_a_terminal(tmp_path, engine_url) as terminal:
        terminal.wait_for(samples.QUESTION)
        terminal.types("n\n")
        terminal.wait_for("Stop")
        assert (HINT in terminal.seen, terminal.interrupt()) == (True, 0)
    with at_a_terminal(tmp_path, engine_url) as terminal:
        terminal.wait_for("Stop")
        assert (samples.QUESTION in terminal.seen, terminal.items()) == (False, 0)


@pytest.mark.parametrize(("flag", "count"), [("--samples", 8), ("--no-samples", 0)])
def test_a_script_says_it_by_a_flag(start_service: StartService, engine_url: str, flag: str, count: int) -> None:
    service = start_service(database_url=engine_url, arguments=["--domains", "items", flag])
    assert len(httpx.get(f"{service.base_url}/items").json()) == count
    assert (samples.QUESTION in service.logs(), service.terminate()) == (False, 0)
    # On what is there already, none of it does anything.
    service.start()
    assert len(httpx.get(f"{service.base_url}/items").json()) == count


def test_nobody_is_asked_by_a_pipe(tmp_path: Path, sqlite_url: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        with at_a_terminal(tmp_path, sqlite_url, stdin=nothing) as terminal:
            terminal.wait_for("Stop")
            assert (samples.QUESTION in terminal.seen, HINT in terminal.seen) == (False, True)
    finally:
        os.close(nothing)


def test_a_terminal_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in ``roadbed up &``: a read from the background would stop the service."""
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert samples._may_read(0) is False
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    assert samples._may_read(0) is True


@pytest.mark.parametrize(
    ("settings", "ran", "said"),
    [
        (Settings(domains=("items",)), NEW, samples.HINT),
        (Settings(domains=("items",)), ("items_0002",), ""),
        (Settings(domains=("items",), environment="production"), NEW, ""),
        (Settings(domains=("examples.library:domain",)), NEW, ""),
    ],
)
def test_the_banner_says_where_samples_are(
    settings: Settings, ran: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "is_interactive", lambda: False)
    assert samples.load_samples(settings, ran, None) == said


@pytest.mark.parametrize("settings", [Settings(domains=("items",), environment="production"), Settings(domains=())])
def test_only_a_new_service_in_development_asks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> bool:
        raise AssertionError

    monkeypatch.setattr(samples, "is_interactive", lambda: True)
    monkeypatch.setattr(samples, "_says_yes", asked)
    assert samples.ask(settings, None) is None
    assert samples.load_samples(settings, NEW, None) == ""


@pytest.mark.parametrize("wanted", [True, False])
def test_who_has_said_it_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: bool) -> None:
    monkeypatch.setattr(samples, "is_interactive", lambda: True)
    monkeypatch.setattr(samples, "_says_yes", lambda: not wanted)
    assert samples.ask(Settings(domains=("items",), data=tmp_path), wanted) is wanted


def test_a_database_that_is_there_is_not_asked_about(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(domains=("items",), data=tmp_path)
    monkeypatch.setattr(samples, "is_interactive", lambda: True)
    monkeypatch.setattr(samples, "_says_yes", lambda: True)
    assert samples.ask(settings, None) is True
    assert not list(tmp_path.iterdir())
    migrate_if_behind(settings)
    assert samples.ask(settings, None) is None


@pytest.mark.parametrize(("answer", "yes"), [("", True), ("y", True), (" YES ", True), ("n", False), ("nope", False)])
def test_yes_is_what_enter_means(answer: str, yes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert samples._says_yes() is yes


def test_the_end_of_input_is_no(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    assert (samples._says_yes(), capsys.readouterr().out) == (False, "\n")


@pytest.mark.parametrize("name", ["stdin", "stdout"])
def test_who_has_closed_a_stream_is_not_asked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Python has None in the place of what was closed before it began, as services are started by some.
    monkeypatch.setattr(f"sys.{name}", None)
    assert not samples.is_interactive()
