"""Short ways to ask a store, and to say what it answered."""

from collections.abc import Awaitable

import pytest

from roadbed.data.idempotency import Idempotency
from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.service import Store
from roadbed.kernel.errors import Conflict, Refused


def key(name: str, content: str = "") -> Idempotency:
    """An idempotency key in its scope, and the content that it came with."""
    return Idempotency(name.encode().ljust(16, b"."), content.encode().ljust(16, b"."))


def text(entry: Entry) -> str:
    """Return the value as it is stored."""
    return bytes(entry.value).decode()


async def value(store: Store, name: str) -> str:
    """Return what is stored under a key."""
    return text(await store.get(name))


async def kind_of(asked: Awaitable[object]) -> str:
    """Return why it was refused: the kind of a conflict, else the slug."""
    with pytest.raises(Refused) as refused:
        await asked
    return refused.value.kind if isinstance(refused.value, Conflict) else refused.value.slug
