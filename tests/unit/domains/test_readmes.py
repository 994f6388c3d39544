"""The README of a domain names every call, every file that it speaks of is there, and every refusal is told."""

import re
from pathlib import Path

import pytest

from roadbed.kernel.errors import KeyReused, PreconditionFailed
from roadbed.resource.registry import SHIPPED, load_domains

DOMAINS = Path(__file__).parents[3] / "src" / "roadbed" / "domains"


def read(domain: str) -> str:
    return (DOMAINS / domain / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("domain", SHIPPED)
def test_every_call_is_there(domain: str) -> None:
    (loaded,) = load_domains([domain])
    assert loaded.operations is not None
    calls = [f"{one.method} {one.path.replace(':path', '')}" for one in loaded.operations.declared]
    assert [call for call in calls if call not in read(domain)] == []


@pytest.mark.parametrize("domain", SHIPPED)
def test_the_files_that_it_names_are_there(domain: str) -> None:
    named = re.findall(r"`([a-z0-9_./]+\.(?:py|sql))`", read(domain))
    assert named
    assert [name for name in named if not any((place / name).is_file() for place in (DOMAINS / domain, Path()))] == []


@pytest.mark.parametrize(
    ("domain", "kinds"),
    [
        ("ledger", ("id-taken", "already-reversed", "balance-overflow", "balance-floor", KeyReused.slug)),
        ("telemetry", ("no-asset", KeyReused.slug)),
        ("items", (KeyReused.slug, PreconditionFailed.slug)),
        ("vouchers", ("template-inactive", "status-not-allowed", KeyReused.slug, PreconditionFailed.slug)),
        ("kv", ("key-exists", KeyReused.slug, PreconditionFailed.slug)),
    ],
)
def test_every_kind_of_refusal_is_there(domain: str, kinds: tuple[str, ...]) -> None:
    source = "".join(path.read_text() for path in (DOMAINS / domain).glob("*.py"))
    assert set(re.findall(r'Conflict\([^)]*?"([a-z]+(?:-[a-z]+)+)"\)', source)) <= set(kinds)
    assert [kind for kind in kinds if f"`{kind}`" not in read(domain)] == []
