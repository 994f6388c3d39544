"""Rooms together, with real databases. Who has one migrated here does it by children that need not import first.

Services that are started, and commands, start children of their own, as everywhere.
"""

from collections.abc import Iterator

import pytest

from roadbed.data.migrations import parent
from tests.support.warm import WarmChildren


@pytest.fixture(scope="session")
def warm_children() -> Iterator[WarmChildren]:
    children = WarmChildren()
    yield children
    children.close()


@pytest.fixture(scope="module", autouse=True)
def _migrations_are_warm(warm_children: WarmChildren) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parent, "subprocess", warm_children)
        yield
