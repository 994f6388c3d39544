"""How the ASGI server is set up, and how it begins and ends, with an application that does nothing else."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from roadbed.kernel.settings import Settings
from roadbed.runtime.server import GRACE, App, configure
from tests.support.ports import free_port, is_listening
from tests.support.process import ServerProcess
from tests.support.waiting import wait_until

SERVE = """
import functools, sys
from roadbed.kernel.events import Events
from roadbed.kernel.settings import Settings
from roadbed.runtime.listening import listen
from roadbed.runtime.server import configure, serve_here, serve_with_workers


class Empty:
    def __init__(self, fails):
        self.fails = fails

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup." + ("failed" if self.fails else "complete")})
            await receive()
            sys.stdout.write("closed\\n")  # whole, also unbuffered: two workers write at once
            sys.stdout.flush()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def announce():
    print("serving", flush=True)


if __name__ == "__main__":
    port, workers, fails = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "fails"
    settings = Settings(port=port, workers=workers, drain_timeout=1.0)
    sock = listen(settings)
    config = configure(functools.partial(Empty, fails), "httptools", settings)
    if workers == 1:
        code = serve_here(config, sock)
    else:
        code = serve_with_workers(config, sock, Events(), announce, metrics=True)
    print("code", code, flush=True)
"""


class Script:
    """A process that serves the empty application."""

    def __init__(self, folder: Path, workers: int, *, fails: bool = False) -> None:
        (folder / "serve.py").write_text(SERVE)
        self.port = free_port()
        self.log = folder / "log"
        state = "fails" if fails else "works"
        self.process = ServerProcess(
            [sys.executable, str(folder / "serve.py"), str(self.port), str(workers), state], self.log
        )

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def answers(self) -> bool:
        done = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{self.port}/"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout == "204"


def made() -> App:
    raise NotImplementedError


def test_the_settings_reach_the_server() -> None:
    settings = Settings(host="127.0.0.2", port=9, workers=3, backlog=7, keep_alive=11.0, drain_timeout=12.0)
    config = configure(made, "httptools", settings)
    found = (config.host, config.port, config.workers, config.backlog)
    assert found == ("127.0.0.2", 9, 3, 7)
    assert (config.timeout_keep_alive, config.timeout_graceful_shutdown) == (11.0, 12.0 + GRACE)


def test_the_server_says_nothing_of_its_own() -> None:
    config = configure(made, "httptools", Settings())
    assert (config.access_log, config.log_config, config.server_header, config.ws) == (False, None, False, "none")


@pytest.mark.parametrize(
    ("proxies", "believed"),
    [((), (False, [])), (("10.0.0.1", "10.1.0.0/16"), (True, ["10.0.0.1", "10.1.0.0/16"]))],
)
def test_only_named_proxies_are_believed(
    proxies: tuple[str, ...], believed: tuple[bool, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config = configure(made, "httptools", Settings(trusted_proxies=proxies))
    assert (config.proxy_headers, config.forwarded_allow_ips) == believed


def test_variables_of_others_do_not_change_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "9")
    assert configure(made, "httptools", Settings(workers=2)).workers == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_process_ends_in_peace(tmp_path: Path, number: signal.Signals) -> None:
    script = Script(tmp_path, 1)
    wait_until(script.answers, "an answer")
    assert (script.process.end(number, 30), script.lines) == (0, ["closed", "code 0"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_end_in_peace(tmp_path: Path, number: signal.Signals) -> None:
    script = Script(tmp_path, 2)
    wait_until(lambda: "serving" in script.lines, "all workers serve")
    answered = script.answers()
    assert (answered, script.process.end(number, 30), script.lines) == (
        True,
        0,
        ["serving", "closed", "closed", "code 0"],
    )


def test_ctrl_c_in_a_terminal_reaches_all_and_still_ends_in_peace(tmp_path: Path) -> None:
    script = Script(tmp_path, 2)
    wait_until(lambda: "serving" in script.lines, "all workers serve")
    script.process.send_group(signal.SIGINT)
    assert (script.process.wait(30), script.lines) == (0, ["serving", "closed", "closed", "code 0"])


def test_ctrl_c_while_workers_still_start(tmp_path: Path) -> None:
    script = Script(tmp_path, 2)
    wait_until(lambda: is_listening(script.port), "it listens")
    script.process.send_group(signal.SIGINT)
    code = script.process.wait(30)
    assert (code in (0, 130, -signal.SIGINT), "Traceback" in "".join(script.lines[-1:])) == (True, False)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_start_that_fails_is_1(tmp_path: Path, workers: int) -> None:
    script = Script(tmp_path, workers, fails=True)
    assert (script.process.wait(60), script.lines[-1]) == (0, "code 1")
