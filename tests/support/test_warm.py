"""A child that is forked is told, does and answers what one that is started anew does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.warm import CHILD, MODULES, WarmChildren

COMMAND = [sys.executable, "-m", CHILD]
REVISION = """
import json, os, signal, sys, time
revision = "shop_0001"
down_revision = None
branch_labels = ("shop",)

def upgrade():
    {body}
"""
TELL = (
    "raise ValueError(json.dumps([os.getcwd(), dict(os.environ), list(dict.fromkeys(sys.path)), sys.argv[1:],"
    " __import__('__main__').__name__, sorted(name for name in sys.modules if name.startswith('roadbed')),"
    " [str(signal.getsignal(each)) for each in (2, 13, 15, 17)]]))"
)

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmChildren]:
    children = WarmChildren()
    yield children
    children.close()


class Shop:
    """A package of one revision, and a database for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, run: Run, body: str, timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
        """Have a child run a revision with this body."""
        package = self.folder / "shop_revisions"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text("")
        (package / "shop_0001.py").write_text(REVISION.format(body=body))
        location = {"branch": "shop", "package": "shop_revisions"}
        url = f"sqlite:///{self.folder / 'shop.db'}"
        return ask(run, {"action": "upgrade", "url": url, "locations": [location]}, str(self.folder), timeout)


def ask(run: Run, request: Any, first: str = "", timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join(each for each in (first, *sys.path) if each)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    content = request if isinstance(request, bytes) else json.dumps(request).encode()
    return run(COMMAND, input=content, capture_output=True, env=env, timeout=timeout, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def told(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    detail = json.loads(done.stdout)["detail"]
    return json.loads(detail[detail.index("[") :])


def test_it_is_told_the_same(warm: WarmChildren, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.folder)
    forked, true = (told(shop.ask(run, TELL)) for run in (warm.run, subprocess.run))
    # Python itself sets it where it finds no locale (PEP 538).
    true[1].pop("LC_CTYPE", None)
    assert forked == true
    assert forked[0] == str(shop.folder)


@pytest.mark.parametrize("body", ["os._exit(3)", "sys.exit(4)", "sys.exit('no')", "os.kill(os.getpid(), 9)"])
def test_it_ends_in_the_same_way(warm: WarmChildren, shop: Shop, body: str) -> None:
    forked, true = (shop.ask(run, body) for run in (warm.run, subprocess.run))
    assert (forked.returncode, forked.stdout, forked.stderr) == (true.returncode, true.stdout, true.stderr)


def test_it_answers_the_same(warm: WarmChildren, shop: Shop) -> None:
    """Done, refused, printed in between; what comes from the programs that it starts as well."""
    for body in ("pass", "raise ValueError('odd')", "print('one', flush=True); os.system('echo two; echo three >&2')"):
        answers: list[tuple[int, bytes, bytes]] = []
        for run in (warm.run, subprocess.run):
            done = shop.ask(run, body)
            answers.append((done.returncode, done.stdout, done.stderr))
            for path in shop.folder.glob("shop.db*"):
                path.unlink()
        assert answers[0] == answers[1]


def test_a_garbled_request_fails_alike(warm: WarmChildren) -> None:
    forked, true = (ask(run, b"{") for run in (warm.run, subprocess.run))
    assert (forked.returncode, forked.stdout) == (true.returncode, true.stdout) == (1, b"")
    assert forked.stderr.splitlines()[-1] == true.stderr.splitlines()[-1]


def test_one_that_takes_too_long_is_killed(warm: WarmChildren, shop: Shop) -> None:
    mark = shop.folder / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        shop.ask(warm.run, f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)", timeout=5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert shop.ask(warm.run, "pass").returncode == 0


def test_nothing_of_one_is_left_for_the_next(warm: WarmChildren, tmp_path: Path) -> None:
    """Of two packages with one name the second is not taken for the first."""
    seen: list[str] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        done = Shop(tmp_path / name).ask(
            warm.run, f"sys.left = [*getattr(sys, 'left', ()), 1]; raise ValueError({name!r}, sys.left)"
        )
        seen.append(json.loads(done.stdout)["detail"].rpartition(": ")[2])
    assert seen == ["('one', [1])", "('two', [1])"]


def test_several_run_at_once(warm: WarmChildren, tmp_path: Path) -> None:
    """Each waits for the mark of the other: one after the other, neither would end."""
    done: list[int] = []

    def work(own: str, other: str) -> None:
        (tmp_path / own).mkdir()
        body = f"""open({str(tmp_path / own)!r} + '.mark', 'w').close()
    while not os.path.exists({str(tmp_path / other)!r} + '.mark'): time.sleep(0.01)"""
        done.append(Shop(tmp_path / own).ask(warm.run, body).returncode)

    threads = [threading.Thread(target=work, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [0, 0]


def test_none_of_ours_is_imported_beforehand() -> None:
    code = f"import sys, importlib, tests.support.warm\nfor each in {MODULES!r}: importlib.import_module(each)\n"
    code += "print([name for name in sys.modules if name.startswith('roadbed')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_other_commands_are_run_as_they_are(warm: WarmChildren) -> None:
    command = [sys.executable, "-c", "print(input()[::-1])"]
    done = warm.run(command, input=b"abc", env={}, timeout=60, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"cba\n")
