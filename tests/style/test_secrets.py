"""The scan for secrets finds each kind. The samples are made here, while the test runs: the repository has none."""

import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.style.rules import RULES
from tests.style.secrets import KINDS, secrets
from tests.style.tree import ROOT, files

CHANCE = random.Random(20_261_121)


def made(count: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(CHANCE.choices(letters, k=count))


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
TEXT = Path("docs/a.md")

SAMPLES = [
    ("a private key", "-----BEGIN " + "OPENSSH PRIVATE" + " KEY-----"),
    ("an access key of AWS", "AK" + "IA" + made(16, UPPER)),
    ("a token of GitHub", "gh" + "p_" + made(36)),
    ("a token of GitHub", "github" + "_pat_" + made(40)),
    ("a token of GitLab", "gl" + "pat-" + made(20)),
    ("a token of Slack", "xo" + "xb-" + made(12)),
    ("a token of Slack", "https://hooks.slack" + ".com/services/T" + made(8, UPPER) + "/B" + made(8, UPPER)),
    ("a key of Stripe", "sk_" + "live_" + made(24)),
    ("a key of Google", "AI" + "za" + made(35)),
    ("a JSON web token", "ey" + "J" + made(20) + ".ey" + "J" + made(20) + "." + made(30)),
    ("a token of a package registry", "np" + "m_" + made(36)),
    ("a token of a package registry", "py" + "pi-Ag" + "EI" + made(30)),
    ("a key of Sentry", "https://" + made(32, HEX) + "@o1.ingest.sentry.io/7"),
    ("a key of Datadog", "DD_API" + "_KEY: " + made(32, HEX)),
    ("an address with a password", "postgresql://roadbed:" + "a1" + made(30) + "@db.example.org/roadbed"),
]


def test_every_kind_has_a_sample() -> None:
    assert {kind for kind, _ in SAMPLES} == set(KINDS)


@pytest.mark.parametrize(("kind", "sample"), SAMPLES, ids=[f"{kind} {n}" for n, (kind, _) in enumerate(SAMPLES)])
def test_a_secret_is_found_wherever_it_stands(kind: str, sample: str) -> None:
    for text in (sample, f"first\n  key = '{sample}' # mine", f'{{"key": "{sample}"}}'):
        assert [finding.partition(": looks like ")[2] for finding in secrets(TEXT, text)] == [kind]


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        "deploy/.env.production",
        "deploy/compose/secrets/redis_url",
        "a/id_rsa",
        "server.key",
        "a.pem",
        ".pgpass",
    ],
)
def test_a_file_that_is_a_secret_by_its_name(name: str) -> None:
    assert secrets(Path(name), "") != []


@pytest.mark.parametrize("name", [".env.example", "deploy/compose/example.env", "docs/keys.md", "src/a/keyboard.py"])
def test_a_file_that_is_none(name: str) -> None:
    assert secrets(Path(name), "") == []


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:password@host/name",
        "postgresql://roadbed:${PASSWORD}@postgres:5432/roadbed",
        "https://key@host/project",
        "    --hash=sha256:" + made(64, HEX),
        "http://0123456789abcdef@127.0.0.1/7",
    ],
)
def test_what_documents_show_is_none(text: str) -> None:
    assert secrets(TEXT, text) == []


def test_the_scan_is_a_rule_for_every_file() -> None:
    (rule,) = [rule for rule in RULES if rule.findings is secrets]
    assert [path for path in files() if not rule.concerns(path)] == []


def test_a_secret_in_the_tree_fails_the_check(tmp_path: Path) -> None:
    for path in files():
        if path.parts[:2] == ("tests", "style") or path.name in {"pyproject.toml", "__init__.py", "README.md"}:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    (tmp_path / "notes.md").write_text(f"{SAMPLES[2][1]}\n")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True, timeout=60)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/style/test_tree.py",
        "-k",
        "secrets",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, "notes.md" in done.stdout, "a token of GitHub" in done.stdout) == (1, True, True), (
        done.stdout
    )
