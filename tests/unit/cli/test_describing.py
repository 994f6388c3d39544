"""`roadbed openapi` and `roadbed version` need nothing but the package."""

from pathlib import Path

import msgspec

import roadbed as package
from roadbed.cli.describing import versions
from tests.unit.cli.conftest import Command


def test_the_document_needs_no_database(roadbed: Command, folder: Path) -> None:
    done = roadbed("openapi", ROADBED_DATABASE_URL="postgresql://nobody@192.0.2.1/none")
    document = msgspec.json.decode(done.out)
    assert (done.code, done.err, document["openapi"], list(folder.iterdir())) == (0, "", "3.1.0", [])


def test_the_document_holds_the_domains_and_the_platform(roadbed: Command) -> None:
    paths = msgspec.json.decode(roadbed("openapi").out)["paths"]
    assert {"/transactions", "/accounts/{account_id}", "/health/live", "/health/ready", "/metrics"} <= set(paths)


def test_not_ready_is_described(roadbed: Command) -> None:
    ready = msgspec.json.decode(roadbed("openapi").out)["paths"]["/health/ready"]["get"]
    assert {"200", "503"} <= set(ready["responses"])


def test_an_unknown_domain(roadbed: Command) -> None:
    done = roadbed("openapi", "--domains", "ledgr")
    assert done == (2, "", "roadbed: domains: there is no domain 'ledgr'; did you mean ledger?\n")


def test_versions(roadbed: Command) -> None:
    done = roadbed("version")
    found = dict(line.split("\t") for line in done.out.splitlines())
    names = ("roadbed", "python", "sqlite", "msgspec", "uvicorn", "apsw")
    assert (done.code, found["roadbed"], [name for name in names if not found[name]]) == (0, package.__version__, [])


def test_what_is_not_installed_is_said(monkeypatch: object) -> None:
    assert all(version for _, version in versions())
