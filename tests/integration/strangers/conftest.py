"""An example, served on each engine once for a file of tests."""

from collections.abc import Iterator

import pytest

from roadbed.testing import Service, serving
from tests.conftest import ENGINES
from tests.style.tree import ROOT


@pytest.fixture(scope="module", params=ENGINES)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """The example that the module of the test names as ``EXAMPLE``, with ``SETTINGS``."""
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").create_database()
    with serving(request.module.EXAMPLE, folder=ROOT, database_url=url, **request.module.SETTINGS) as started:
        yield started
