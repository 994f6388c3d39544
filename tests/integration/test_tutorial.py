"""The tutorial is followed block by block, in an empty folder; what it shows as replies is what comes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.style.tree import ROOT
from tests.support.ports import free_port
from tests.support.process import ServerProcess
from tests.support.programs import find_program

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
ANYTHING = "…"


class Reader:
    """Somebody who follows the page: writes files, starts the service anew, types commands, compares replies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
        programs = os.pathsep.join((str(Path(sys.executable).parent), inherited["PATH"]))
        # A file that is edited within a second of its last import would be taken for the old one.
        quick = {"PYTHONDONTWRITEBYTECODE": "1", "ROADBED_PORT": str(self.port)}
        self.environment = inherited | quick | {"PATH": programs}
        self.service: ServerProcess | None = None
        self.printed = ""

    def follow(self, before: str, kind: str, text: str) -> None:
        {"python": self.write, "sh": self.type, "json": self.compare}[kind](before, text)

    def write(self, before: str, text: str) -> None:
        if (named := re.search(r"`(\w+\.py)`[^`\n]*:\s*\Z", before)) is not None:
            (self.folder / named[1]).write_text(text)
        else:
            (named,) = re.findall(r"in `(\w+\.py)`, end with\s*\Z", before)
            kept = (self.folder / named).read_text().rpartition("\ndomain = ")[0]
            (self.folder / named).write_text(f"{kept}\n{text}")

    def type(self, before: str, text: str) -> None:
        first, serve, rest = text.partition("roadbed up")
        if first:
            first = first.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
            command = ["sh", "-e", "-c", first]
            done = subprocess.run(
                command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=180, check=False
            )
            assert done.returncode == 0, first + done.stdout + done.stderr
            self.printed = done.stdout
        if serve:
            self.stop()
            command = [find_program("roadbed"), "up", *rest.split()]
            self.service = ServerProcess(command, self.folder / "log", self.environment)
            before_this = len(self.service.logs())
            self.service.wait_ready(lambda: "  Stop " in self.service_log()[before_this:], 60)

    def service_log(self) -> str:
        assert self.service is not None
        return self.service.logs()

    def compare(self, before: str, text: str) -> None:
        """Compare the last reply that was printed."""
        decoder, printed, last = json.JSONDecoder(), self.printed, None
        while printed:
            last, end = decoder.raw_decode(printed)
            printed = printed[end:].lstrip()
        shown = json.loads(text)
        assert last == alike(shown, last), before

    def stop(self) -> None:
        if self.service is not None:
            assert self.service.end(signal.SIGINT, 30) == 0
            self.service = None


def alike(shown: Any, reply: Any) -> Any:
    """Return what is shown, with the reply's values where anything will do."""
    if shown == ANYTHING:
        return reply
    if isinstance(shown, dict) and isinstance(reply, dict):
        return {name: alike(value, reply.get(name)) for name, value in shown.items()}
    if isinstance(shown, list) and isinstance(reply, list) and len(shown) == len(reply):
        return [alike(*pair) for pair in zip(shown, reply, strict=True)]
    return shown


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    if reader.service is not None:
        reader.service.kill()


def test_the_tutorial(reader: Reader) -> None:
    before = 0
    blocks = list(re.finditer(r"```(\w+)\n(.*?)```\n", TUTORIAL, re.DOTALL))
    for block in blocks:
        reader.follow(TUTORIAL[before : block.start()], block[1], block[2])
        before = block.end()
    reader.stop()
    assert len(blocks) > 20
