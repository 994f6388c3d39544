"""A check that cannot fail is worthless: each rule finds its bad sample, and lets its good one pass."""

from pathlib import Path

import pytest

from tests.style.rules import RULES, Rule

# Parted, so that this file itself keeps the rules.
HOME, ROOTS, TOKEN = "/ho" + "me/", "/ro" + "ot/", "gh" + "p_"

BAD = [
    ("file size", "src/roadbed/a.py", "x = 1\n" * 301),
    ("function size", "src/roadbed/a.py", "def f():\n" + "    x = 1\n" * 50),
    ("function size", "tests/a.py", "class A:\n  async def f(self):\n" + "    x = 1\n" * 50),
    ("names", "src/roadbed/data/utils.py", ""),
    ("names", "tests/util/a.py", ""),
    ("no settings object", "src/roadbed/a.py", "settings = load()\n"),
    ("no settings object", "src/roadbed/a.py", "CONFIG: Config = Config()\n"),
    ("no settings object", "src/roadbed/a.py", "current = kernel.Settings()\n"),
    ("kernel imports", "src/roadbed/kernel/a.py", "import apsw\n"),
    ("kernel imports", "src/roadbed/kernel/a.py", "def f():\n    from roadbed.data import flights\n"),
    ("kernel imports", "src/roadbed/kernel/a.py", "import roadbed.kernels\n"),
    ("no left-out tests", "tests/a.py", "@pytest.mark.skipif(True, reason='x')\ndef test_a(): ...\n"),
    ("no left-out tests", "tests/a.py", "def test_a():\n    pytest.skip('later')\n"),
    ("no left-out tests", "tests/a.py", "pytestmark = [pytest.mark.xfail]\n"),
    ("no left-out tests", "tests/a.py", "redis = pytest.importorskip('redis')\n"),
    ("no asserts on time", "tests/a.py", "def f():\n    assert time.perf_counter() < 1\n"),
    (
        "no asserts on time",
        "tests/a.py",
        "def f():\n    start = monotonic()\n    taken = time.monotonic() - start\n    assert taken < 1\n",
    ),
    ("no left-out browser tests", "console/a.ts", "test.only('a', () => {})\n"),
    ("no path of one machine", "docs/a.md", f"see {HOME}ada/roadbed\n"),
    ("no path of one machine", "docs/a.md", f"see ({ROOTS}roadbed)\n"),
    ("no registry address", "requirements/run.txt", "--extra-index-url https://example.org\n"),
    ("no registry address", "requirements/run.txt", "roadbed @ file:///somewhere\n"),
    ("no registry address", "console/package-lock.json", '  "resolved": "https://npm.example.org/vue.tgz",\n'),
    ("no registry address", "pyproject.toml", 'url = "https://pypi.org/simple"\n'),
    ("no secrets", "docs/a.md", f"token: {TOKEN}{'a1' * 18}\n"),
    ("no secrets", "deploy/key.pem", "-----BEGIN RSA PRIVATE" + " KEY-----\n"),
    ("links", "docs/a.md", "see [a](no-such-file.md)\n"),
    ("links", "docs/a.md", "see [a](README.md)\n"),
    ("links", "docs/a.md", "see [a](../CONTRIBUTING.md#no-such-heading)\n"),
    ("links", "docs/a.md", "see [a]\n\n[a]: no-such-file.md\n"),
    ("no conflict left", "README.md", "<" * 7 + " HEAD\n"),
]

GOOD = [
    ("file size", "src/roadbed/a.py", "x = 1\n" * 300),
    ("function size", "src/roadbed/a.py", 'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 49),
    ("names", "src/roadbed/data/flights.py", ""),
    ("no settings object", "src/roadbed/a.py", "SETTINGS = (Setting('port'),)\ndef f():\n    settings = load()\n"),
    (
        "kernel imports",
        "src/roadbed/kernel/a.py",
        "import os.path, msgspec\nfrom roadbed.kernel.ids import Id\n",
    ),
    ("no left-out tests", "tests/a.py", "reader.skip(3)\n@pytest.mark.soak\ndef test_a(): ...\n"),
    ("links", "docs/a.md", "[a](../CONTRIBUTING.md#style), [b](decisions), [c](https://example.org), [d](/docs)\n"),
    ("links", "docs/a.md", "`[a](b)`\n\n```text\n[a](b)\n```\n## How so?\n[a](#how-so)\n"),
    ("no asserts on time", "tests/a.py", "def f():\n    end = monotonic() + 1\n    assert done\n    g(end)\n"),
    ("no left-out browser tests", "console/a.ts", "test('skip', () => {})\n"),
    ("no path of one machine", "docs/a.md", f"/usr/lib, $HOME/x, https://example.org{HOME}ada, ${{X}}{ROOTS}a\n"),
    ("no registry address", "requirements/run.txt", "httptools==0.9.0 \\\n    --hash=sha256:00\n"),
    ("no secrets", "docs/a.md", "postgresql://roadbed:secret@localhost/roadbed\n"),
    ("no conflict left", "README.md", "=" * 7 + "\n"),
]


def rule_named(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name == name)


@pytest.mark.parametrize(("name", "path", "text"), BAD)
def test_the_rule_finds_its_bad_sample(name: str, path: str, text: str) -> None:
    rule = rule_named(name)
    assert rule.concerns(Path(path))
    assert rule.findings(Path(path), text) != []


@pytest.mark.parametrize(("name", "path", "text"), GOOD)
def test_the_rule_lets_its_good_sample_pass(name: str, path: str, text: str) -> None:
    rule = rule_named(name)
    assert rule.concerns(Path(path))
    assert rule.findings(Path(path), text) == []


def test_every_rule_has_both_samples() -> None:
    names = {rule.name for rule in RULES}
    assert names == {name for name, _, _ in BAD}
    assert names == {name for name, _, _ in GOOD}
