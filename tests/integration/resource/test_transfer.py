"""Imports and exports as a whole: round trips, in bounded memory, killed half-way and run again."""

import asyncio
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from roadbed.http.asgi import Message
from roadbed.kernel.clock import now
from roadbed.resource.transfer.files import import_file, stores_of
from tests.integration.resource.library import domain
from tests.integration.resource.world import World, opened
from tests.unit.http.driving import scope_of

TEXTS = ["plain", 'a "b", c', "line\r\nbreak\n", " blanks ", "=1+1", "Žižka 𝄞", "x" * 80]
MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json"}
MIB = 1024 * 1024


async def fill(world: World) -> None:
    author = await world.author()
    other = await world.author("Žižka")
    for number, text in enumerate(TEXTS):
        await world.make(
            "/books",
            title=text,
            body=text,
            author=author,
            order=number - 2**62,
            total=number / 7,
            editor=other if number % 2 else None,
            published=f"2024-05-01T12:30:00.{number:06}Z" if number % 3 else None,
            tags=[text] * number,
            note=[None, 1.5, {"a": [text, None]}, "null", True][number % 5],
            lent=bool(number % 2),
        )


@pytest.mark.parametrize("form", MEDIA)
async def test_what_was_exported_comes_back_the_same(world: World, form: str) -> None:
    await fill(world)
    exported: dict[str, bytes] = {}
    for path in ("/authors", "/books"):
        exported[path] = (await world.ask(f"GET {path}/export?format={form}")).body
    for path in ("/books", "/authors"):
        for row in await world.get(path):
            await world.ask(f"DELETE {path}/{row['id']}")
        assert await world.get(path) == []
    for path, body in exported.items():
        for outcome in ("inserted", "unchanged"):
            reply = await world.ask(f"POST {path}/import", body, {"Content-Type": MEDIA[form]})
            told = reply.json()
            count = 2 if path == "/authors" else len(TEXTS)
            assert told | {outcome: count} == told | {"rejected": 0}, told
        assert sorted_lines(await world.ask(f"GET {path}/export?format={form}")) == sorted_lines(body)


def sorted_lines(found: Any) -> Any:
    """Return an export without its order: rows that came in together were made in the same instant."""
    body = found if isinstance(found, bytes) else found.body
    if body.startswith(b"["):
        return sorted(json.loads(body), key=lambda row: row["id"])
    return sorted(body.split(b"\n"))


class Peak:
    """How much memory Python took at most within a block."""

    def __enter__(self) -> Self:
        tracemalloc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


def rows_of(count: int, size: int) -> Iterator[bytes]:
    """Yield CSV of some rows, each of about so many bytes."""
    yield b"text\n"
    text = b"z" * (size - 8)
    for number in range(0, count, 10):
        yield b"".join(b"%07d%b\n" % (each, text) for each in range(number, number + 10))


async def send_body(world: World, call: str, parts: Iterator[bytes]) -> dict[str, Any]:
    """Send a body that nobody holds as a whole; return the reply."""
    sent: list[Message] = []

    async def receive() -> Message:
        part = next(parts, b"")
        return {"type": "http.request", "body": part, "more_body": part != b""}

    async def send(message: Message) -> None:
        sent.append(message)

    await world.edge(scope_of(call, {"Content-Type": "text/csv"}.items()), receive, send)
    return json.loads(b"".join(message.get("body", b"") for message in sent))


async def read_body(world: World, call: str) -> int:
    """Ask for a body that nobody holds as a whole; return its size."""
    sizes: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sizes.append(len(message.get("body", b"")))

    await world.edge(scope_of(call), receive, send)
    return sum(sizes)


async def test_memory_is_bounded_whatever_the_size(world: World) -> None:
    count, size = 1500, 16 * 1024
    await send_body(world, "POST /echoes/import", rows_of(50, size))  # what is made once is made now
    with Peak() as taken:
        told = await send_body(world, "POST /echoes/import", rows_of(count, size))
    assert (told["inserted"], told["unchanged"], told["rejected"]) == (count - 50, 50, 0)
    with Peak() as given:
        sent = await read_body(world, "GET /echoes/export?format=json")
    assert sent > count * size
    assert max(taken.bytes, given.bytes) < 10 * MIB < count * size / 2, (taken.bytes, given.bytes)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.integration.resource.test_transfer import load
print(asyncio.run(load(sys.argv[1], Path(sys.argv[2]))), flush=True)
"""


async def load(url: str, path: Path) -> str:
    async with opened(url) as world:
        store = stores_of(domain.compiled(), world.database, now)["echo"]
        report = await import_file(path, store)
        return f"{report.inserted + report.unchanged} {report.rejected}"


async def count_rows(url: str) -> int:
    async with opened(url) as world:
        return int((await world.ask("GET /echoes?total=true&limit=1")).header("total-count") or 0)


def test_an_import_that_is_killed_goes_on(library_url: str, tmp_path: Path) -> None:
    path, count = tmp_path / "echoes.csv", 4000
    lines = [f"text {number // 2}" for number in range(count)]
    path.write_text("\n".join(["text", *lines, '"broken']))
    first = subprocess.Popen([sys.executable, "-c", PROGRAM, library_url, str(path)], stdout=subprocess.PIPE)
    while first.poll() is None and not asyncio.run(count_rows(library_url)):
        pass
    first.kill()
    first.communicate()
    assert asyncio.run(count_rows(library_url)) > 0
    for _ in range(2):
        assert asyncio.run(load(library_url, path)) == f"{count} 1"
        assert asyncio.run(count_rows(library_url)) == count
    assert (tmp_path / "echoes.csv.rejects.tsv").read_text().splitlines() == [
        "Line\tReason\tRow",
        f'{count + 2}\ta quoted cell of it does not end\t"broken',
    ]
