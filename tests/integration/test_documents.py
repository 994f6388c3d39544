"""What the documents tell to type is typed: README's walk and its recipe for production, the domain by hand."""

import http.client
import json
import os
import re
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from roadbed.testing import serving
from tests.conftest import StartService
from tests.style.tree import ROOT
from tests.support.ports import free_port
from tests.support.process import ServerProcess
from tests.support.programs import find_program
from tests.support.waiting import PATIENCE, wait_until

README = (ROOT / "README.md").read_text(encoding="utf-8")
BY_HAND = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
ACCOUNT = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b"


def block(document: str, containing: str) -> str:
    """Return the one block of shell that has this text."""
    (found,) = [text for text in re.findall(r"```sh\n(.*?)```", document, re.DOTALL) if containing in text]
    return found


def replies(script: str, port: int) -> list[Any]:
    """Run a block of `curl -s`, and return what each prints."""
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    done = subprocess.run(["sh", "-e", "-c", script], capture_output=True, text=True, timeout=180, check=True)
    decoder, text, found = json.JSONDecoder(), done.stdout, list[Any]()
    while text:
        reply, end = decoder.raw_decode(text)
        found.append(reply)
        text = text[end:].lstrip()
    return found


def text_of(port: int, path: str) -> str:
    """Return what a path answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def status(port: int, method: str, path: str, **fields: str) -> tuple[int, str | None]:
    """Return the status, and whether the reply is that of an earlier request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
    reply = connection.getresponse()
    connection.close()
    return reply.status, reply.getheader("Idempotency-Replayed")


def test_the_walk_of_the_readme(start_service: StartService, current_url: str) -> None:
    service, walk = start_service(database_url=current_url), block(README, "curl -s")
    created, account, listed, transfer = replies(walk, service.port)
    assert (created["amount"], account["balance"], listed) == (1250, 1250, [created])
    again = replies("curl -s" + walk.split("curl -s")[-1], service.port)
    assert (again, transfer["transactions"][0]["balance"]) == ([transfer], 750)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[int]:
    """The recipe, followed in an empty folder; only the port is one that is free. Yields that port."""
    port = free_port()
    recipe = block(README, "ROADBED_ENVIRONMENT=production").replace(".venv/bin/roadbed", find_program("roadbed"))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    service = ServerProcess(["sh", "-e", "-c", recipe], tmp_path / "log", inherited | {"ROADBED_PORT": str(port)})
    try:
        service.wait_ready(lambda: b'"event":"Up"' in (tmp_path / "log").read_bytes(), 60)
        yield port
    finally:
        service.kill()


def test_the_recipe_for_production(production: int) -> None:
    hosts = ("ledger.example.org", f"127.0.0.1:{production}", "elsewhere.example", "localhost")
    assert [status(production, "GET", "/health/ready", Host=host)[0] for host in hosts] == [200, 200, 403, 403]


def write_down(document: str, folder: Path) -> None:
    """Make the files that a document shows: each block of a file follows its name; blocks to add are appended."""
    shown = re.compile(r"(To )?`([\w./]+)`(, at the end of the class)?(?:, add)?:\n\n```\w+\n(.*?)```", re.DOTALL)
    for added, name, inside, text in shown.findall(document):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if added else "x", encoding="utf-8") as file:
            file.write("\n" * bool(added) + textwrap.indent(text, " " * 4 if inside else ""))


def test_the_domain_by_hand(start_service: StartService, engine_url: str, tmp_path: Path) -> None:
    write_down(BY_HAND, tmp_path / "service-0")
    options = block(BY_HAND, "--domains").split()[2:]
    service = start_service(database_url=engine_url, arguments=[*options, "--workers", "2"])
    write = block(BY_HAND, "guestbook/entries")
    (entry,) = replies(write, service.port)
    path = f"/guestbook/entries/{entry['entry_id']}"
    assert (entry["name"], replies(write, service.port)) == ("Ada", [entry])
    # What was replayed is one entry still. The other worker's count is there within a second.
    told = "roadbed_guestbook_written_total 1.0"
    wait_until(lambda: told in text_of(service.port, "/metrics"), "the entry is counted", PATIENCE)
    calls = [("GET", "a"), ("DELETE", "b"), ("DELETE", "b"), ("DELETE", "c"), ("GET", "d")]
    assert [status(service.port, method, path, Idempotency_Key=key) for method, key in calls] == [
        (200, None),
        (204, None),
        (204, "true"),
        (404, None),
        (404, None),
    ]


def test_the_domain_in_one_screen(tmp_path: Path) -> None:
    (declared,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "library.py").write_text(declared)
    with serving("library:domain", folder=tmp_path) as service:
        author = service.post("/authors", {"name": "Ursula"}).body
        book = service.post("/books", {"title": "The Dispossessed", "author": author["id"]})
        one = f"/books/{book.body['id']}"
        assert (book.status, book.body["status"]) == (201, "shelf")
        assert service.post(f"{one}/status", {"status": "lent"}).status == 200
        assert [entry["action"] for entry in service.get(f"{one}/history").body] == ["change", "create"]
        assert service.get("/books?q=dispossessed&status=lent").body == [book.body | {"status": "lent"}]
