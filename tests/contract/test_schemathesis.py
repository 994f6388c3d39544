"""schemathesis over the service's own OpenAPI document: it finds nothing, whatever it makes up."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.contract.conftest import Running
from tests.support.programs import find_program

EXAMPLES = 4  # per operation and phase, in `make test`
SOAKING_EXAMPLES = 200
SEED = 20240501

CONFIGURATION = """
seed = {seed}
workers = 1
continue-on-failure = true
hooks = "{hooks}"
cache.enabled = false

[generation]
mode = "all"
max-examples = {examples}
database = "none"

# A stream of events has no end; test_events.py reads those.
[[operations]]
include-path-regex = "/events$"
enabled = false

# What state decides no schema can: besides 404 and 409 that is a version which is another by now. 401, 403, 429 and
# 5xx, which schemathesis would let pass here, are not among them.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "404", "409", "412"]

# A list has filters enough for a query that is longer than any address may be.
[checks.negative_data_rejection]
expected-statuses = ["400", "404", "405", "406", "409", "412", "413", "414", "415", "422", "428"]
"""


def explore(location: str, folder: Path, seed: int, examples: int, *more: str) -> tuple[int, str]:
    """Run schemathesis with every check there is; return its exit code and what it printed."""
    configuration = folder / "schemathesis.toml"
    hooks = Path(__file__).with_name("schemathesis_hooks.py")
    configuration.write_text(CONFIGURATION.format(seed=seed, examples=examples, hooks=hooks))
    command = [find_program("schemathesis"), "--config-file", str(configuration), "run", location]
    done = subprocess.run(
        [*command, "--checks", "all", "--no-color", *more], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def assert_nothing_found(running: Running, folder: Path, seed: int, examples: int) -> None:
    code, printed = explore(f"{running.service.base_url}/openapi.json", folder, seed, examples)
    assert code == 0, printed
    count = len(list(running.document.that_end()))
    assert re.search(rf"Tested:\s+{count}\n", printed), printed
    assert "Stateful" in printed
    generated = re.search(r"(\d+) generated", printed)
    assert generated is not None
    # An operation without parameters is soon exhausted.
    assert int(generated[1]) > examples * count / 2


def test_schemathesis_finds_nothing(running: Running, tmp_path: Path) -> None:
    assert_nothing_found(running, tmp_path, SEED, EXAMPLES)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 4))
def test_schemathesis_finds_nothing_for_long(running: Running, tmp_path: Path, seed: int) -> None:
    assert_nothing_found(running, tmp_path, seed, SOAKING_EXAMPLES)


def test_schemathesis_would_find_something(running: Running, tmp_path: Path) -> None:
    whole = json.loads(json.dumps(running.document.whole))
    whole["paths"] = {"/ping": whole["paths"]["/ping"]}
    whole["paths"]["/ping"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array"}
    doctored = tmp_path / "openapi.json"
    doctored.write_text(json.dumps(whole))
    code, printed = explore(str(doctored), tmp_path, SEED, 5, "--url", running.service.base_url, "--phases", "coverage")
    assert code == 1, printed
    assert "Response violates schema" in printed
