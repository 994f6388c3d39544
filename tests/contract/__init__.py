"""What the service answers, proved over HTTP on both engines: scenarios, its OpenAPI document, bytes on the wire."""

import pytest

# Their asserts then say what differs, as those of tests do.
pytest.register_assert_rewrite("tests.contract.conventions", "tests.contract.described", "tests.contract.runner")
