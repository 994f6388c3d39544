"""What a declared resource answers, step by step, the same on both engines, and as its own document says."""

import pytest

from tests.contract.described import NOBODYS, Document
from tests.contract.runner import Names, compare
from tests.contract.scenarios import NOTHING, Step
from tests.integration.resource.rows import ROWS
from tests.integration.resource.transfers import EXPORTS, IMPORTS
from tests.integration.resource.ways import HISTORY, HOOKS, REFERENCES, RETRIES, STATUSES
from tests.integration.resource.world import World
from tests.unit.http.driving import HOST

TABLES = {
    "rows": ROWS,
    "statuses": STATUSES,
    "references": REFERENCES,
    "history": HISTORY,
    "hooks": HOOKS,
    "retries": RETRIES,
    "imports": IMPORTS,
    "exports": EXPORTS,
}


@pytest.mark.parametrize(
    "steps",
    [pytest.param(steps, id=f"{table}: {name}") for table, named in TABLES.items() for name, steps in named.items()],
)
async def test_the_library_answers(world: World, steps: tuple[Step, ...]) -> None:
    await play_all(world, steps)


_documents: list[Document] = []


async def described(world: World) -> Document:
    """Return what the library says of itself, always the same."""
    if not _documents:
        _documents.append(Document((await world.ask("GET /openapi.json")).json()))
    return _documents[0]


async def play_all(world: World, steps: tuple[Step, ...]) -> None:
    names = Names(HOST)
    document = await described(world)
    for step in steps:
        call = names.fill(step.call)
        body = names.fill(step.json) if step.json is not NOTHING else names.fill(step.body)
        raw = body.encode() if isinstance(body, str) and step.json is NOTHING else body
        reply = await world.ask(call, raw, names.fill(dict(step.headers)))
        # The server adds it.
        reply.headers.append(("date", "now"))
        compare(step, reply, names)  # type: ignore[arg-type]
        method, _, target = call.partition(" ")
        operation = document.find(method, target.partition("?")[0])
        if operation is not None and reply.status not in NOBODYS:
            document.check(operation, reply, method)  # type: ignore[arg-type]
