"""Installs what the contenders stand on: ``python -m bench setup``.

Everything is pinned and hashed by ``requirements.txt`` and ``package-lock.json``, and lands below ``bench/``. System
packages are installed where that needs no guess (root, Debian); elsewhere the step says what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.harness.errors import BenchError, NotInstalled
from bench.harness.postgres import binaries

BENCH = Path(__file__).parent.parent
VENV = BENCH / ".venv"
NODE_AT_LEAST = 20

Say = Callable[[str], None]


def install(say: Say) -> None:
    _system(say)
    _python(say)
    _node(say)
    say("bench: ready")


def _system(say: Say) -> None:
    missing = [] if shutil.which("wrk") else ["wrk"]
    try:
        binaries()
    except NotInstalled:
        missing.append("postgresql")
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotInstalled(f"install these with your system's package manager: {', '.join(missing)}")
    say(f"installing {', '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _call(["apt-get", "update", "-qq"], quiet)
    _call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], quiet)


def _python(say: Say) -> None:
    requirements = BENCH / "requirements.txt"
    stamp = VENV / ".installed"
    if _current(stamp, requirements):
        return
    say("installing the Python contenders (requirements.txt)")
    shutil.rmtree(VENV, ignore_errors=True)
    _call([sys.executable, "-m", "venv", str(VENV)])
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    _call([*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)])
    stamp.write_text(_digest(requirements))


def _node(say: Say) -> None:
    lock = BENCH / "package-lock.json"
    stamp = BENCH / "node_modules" / ".installed"
    if _current(stamp, lock):
        return
    if shutil.which("npm") is None:
        raise NotInstalled(f"Node {NODE_AT_LEAST} or newer with npm is missing: from your system or nodejs.org")
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=True)
    if int(done.stdout.lstrip("v").partition(".")[0]) < NODE_AT_LEAST:
        raise NotInstalled(f"the Node contenders need version {NODE_AT_LEAST} or newer, not {done.stdout.strip()}")
    say("installing the Node contenders (package-lock.json)")
    _call(["npm", "ci", "--omit=dev", "--ignore-scripts", "--loglevel=error"])
    stamp.write_text(_digest(lock))


def _current(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.read_text() == _digest(lock)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _call(argv: Sequence[str], extra: dict[str, str] | None = None) -> None:
    done = subprocess.run(argv, cwd=BENCH, env={**os.environ, **(extra or {})}, check=False, timeout=900)
    if done.returncode != 0:
        raise BenchError(f"`{' '.join(argv[:3])} …` ended with {done.returncode}")
