"""The rules that ruff checks are switched on, and bite."""

import json
import subprocess

import pytest

from tests.style.tree import ROOT
from tests.support.programs import find_program

UNDOCUMENTED = '"""Words."""\n\n\n{0} shown{1}:\n    x = 1\n'
SWALLOWED = '"""Words."""\n\ntry:\n    x = 1\nexcept{0}:\n    pass\n'

BAD = [
    ("D100", "src/roadbed/a.py", "x = 1\n"),
    ("D101", "src/roadbed/a.py", UNDOCUMENTED.format("class", "")),
    ("D103", "src/roadbed/a.py", UNDOCUMENTED.format("def", "()")),
    ("D102", "src/roadbed/a.py", '"""Words."""\n\n\nclass A:\n    """Words."""\n\n    def shown(self) -> None: ...\n'),
    ("TID251", "src/roadbed/data/a.py", '"""Words."""\n\nimport sqlite3\n'),
    ("TID251", "tests/unit/a.py", "def f():\n    from sqlite3 import connect\n"),
    ("TID252", "src/roadbed/data/a.py", '"""Words."""\n\nfrom . import flights\n'),
    ("ASYNC251", "src/roadbed/a.py", "import time\n\n\nasync def f():\n    time.sleep(1)\n"),
    ("E722", "src/roadbed/a.py", SWALLOWED.format("")),
    ("BLE001", "tests/a.py", SWALLOWED.format(" Exception")),
    ("S110", "src/roadbed/a.py", SWALLOWED.format(" Exception")),
    ("DTZ005", "src/roadbed/a.py", "import datetime\n\nx = datetime.datetime.now()\n"),
    ("T201", "src/roadbed/data/a.py", "print(1)\n"),
    ("PGH003", "src/roadbed/a.py", "x = 1  # type: ignore\n"),
    ("PGH004", "src/roadbed/a.py", "x = 1  # noqa\n"),
    ("ERA001", "src/roadbed/a.py", "# x = 1\n"),
    ("E501", "tests/a.py", "x = 1" + " + 1" * 40 + "\n"),
]


def codes(path: str, text: str) -> set[str]:
    """Return the codes of what ruff finds, under this project's configuration, in a file of that path and text."""
    done = subprocess.run(
        [find_program("ruff"), "check", "--no-cache", "--output-format=json", "--stdin-filename", path, "-"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return {finding["code"] for finding in json.loads(done.stdout)}


@pytest.mark.parametrize(("code", "path", "text"), BAD)
def test_ruff_finds_the_bad_sample(code: str, path: str, text: str) -> None:
    assert code in codes(path, text)


def test_the_migration_child_alone_may_import_sqlite3() -> None:
    assert (
        codes("src/roadbed/data/migrations/a.py", '"""Words."""\n\nimport sqlite3\n\nsqlite3.connect("a")\n') == set()
    )
