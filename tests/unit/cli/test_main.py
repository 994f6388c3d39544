"""Exit codes and words of what goes wrong before a command can do its work."""

import subprocess
import sys
from pathlib import Path

import pytest

import roadbed as package
from roadbed.cli import commands
from roadbed.cli.main import find_domains_here, main, run
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch, Unavailable
from tests.unit.cli.conftest import Command


def test_help(roadbed: Command) -> None:
    done = roadbed("--help")
    names = ("up", "serve", "migrate", "config", "doctor", "openapi", "version")
    assert (done.code, done.err, [name for name in names if f" {name} " not in done.out]) == (0, "", [])


def test_the_version(roadbed: Command) -> None:
    assert roadbed("--version") == (0, f"roadbed {package.__version__}\n", "")


@pytest.mark.parametrize(
    ("path", "expected"), [(["/lib"], ["/lib", "{here}"]), (["", "/lib"], ["", "/lib"]), (["{here}"], ["{here}"])]
)
def test_a_domain_may_lie_in_the_working_directory(path: list[str], expected: list[str], folder: Path) -> None:
    found = [each.format(here=folder) for each in path]
    find_domains_here(found)
    assert found == [each.format(here=folder) for each in expected]


def test_a_working_directory_that_is_gone(folder: Path) -> None:
    folder.rmdir()
    found: list[str] = []
    find_domains_here(found)
    assert found == []


@pytest.mark.parametrize("name", ["up", "serve", "migrate", "config", "doctor", "openapi", "version"])
def test_every_command_explains_itself(roadbed: Command, name: str) -> None:
    done = roadbed(name, "--help")
    assert (done.code, "Usage: roadbed" in done.out) == (0, True)


@pytest.mark.parametrize(
    "arguments", [[], ["upp"], ["up", "--prot", "1"], ["up", "extra"], ["migrate"], ["migrate", "sideways"], ["--what"]]
)
def test_wrong_usage_is_2(roadbed: Command, arguments: list[str]) -> None:
    assert roadbed(*arguments).code == 2


def test_a_command_that_is_nearly_right(roadbed: Command) -> None:
    assert "Did you mean 'serve'?" in roadbed("serv").err


def test_one_problem_is_one_line(roadbed: Command) -> None:
    done = roadbed("config", "--port", "http")
    assert done == (2, "", "roadbed: --port: 'http': a whole number is expected\n")


def test_all_problems_are_listed(roadbed: Command) -> None:
    done = roadbed("config", "--port", "http", ROADBED_WORKERS="none", ROADBED_PRT="1")
    assert (done.code, done.out, sorted(done.err.splitlines())) == (
        2,
        "",
        [
            "  - --port: 'http': a whole number is expected",
            "  - ROADBED_PRT is not a setting; did you mean ROADBED_PORT?",
            "  - ROADBED_WORKERS: 'none': a whole number is expected",
            "roadbed: the configuration is wrong:",
        ],
    )


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigurationError("it is blue"), 2, "it is blue"),
        (SchemaMismatch("it is behind"), 1, "it is behind"),
        (Unavailable("nobody answers"), 1, "nobody answers"),
    ],
)
def test_foreseen_errors_are_told_without_a_traceback(
    roadbed: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(commands, "settings", fail)
    assert roadbed("config") == (code, "", f"roadbed: {words}\n")


def test_unforeseen_errors_keep_their_traceback(roadbed: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "settings", fail)
    with pytest.raises(ZeroDivisionError):
        roadbed("config")


@pytest.mark.parametrize("version", [(3, 10), (3, 8), (2, 7)])
def test_an_old_python_is_told_what_is_needed(version: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["up"], version)
    shown = f"{version[0]}.{version[1]}"
    assert (code, capsys.readouterr().err) == (
        1,
        f"roadbed: Python 3.11 or newer is needed; this is {shown} ({sys.executable})\n",
    )


@pytest.mark.parametrize("version", [(3, 11), (3, 14)])
def test_a_newer_python_will_do(version: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"], version) == 0


def test_main_leaves_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["no-such-command"])
    assert left.value.code == 2


def test_main_reads_the_arguments_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["roadbed", "version"])
    with pytest.raises(SystemExit) as left:
        main()
    assert (left.value.code, capsys.readouterr().out.splitlines()[0].split("\t")[0]) == (0, "roadbed")


def test_python_m_roadbed_is_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "roadbed", "version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("roadbed\t")


def test_a_reader_who_has_had_enough_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m roadbed openapi | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_worker_processes_do_not_import_typer() -> None:
    code = "import sys, roadbed.cli.main; print('typer' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
