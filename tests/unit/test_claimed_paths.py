"""Paths that two domains, or a domain and the platform, both want: refused before anything is served."""

from typing import Any

import msgspec
import pytest

from roadbed import app as module
from roadbed.app import describe
from roadbed.http.operations import Operations
from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings


def test_domains_that_claim_one_path_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    (ledger,) = module.load_domains(("ledger",))
    operations: Operations[Any] = Operations("twin", "The same again")
    assert ledger.operations is not None
    operations.get("/ping")(ledger.operations.declared[0].function)
    twin = msgspec.structs.replace(ledger, name="twin", operations=operations)
    monkeypatch.setattr(module, "load_domains", lambda _: [ledger, twin])
    with pytest.raises(ConfigurationError, match="is taken by"):
        describe(Settings())


@pytest.mark.parametrize("path", ["/platform", "/platform/mine", "/console", "/console/app.js"])
def test_a_domain_that_claims_what_is_the_platforms_own_is_refused(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    (ledger,) = module.load_domains(("ledger",))
    operations: Operations[Any] = Operations("greedy", "Wants all")
    assert ledger.operations is not None
    operations.get(path)(ledger.operations.declared[0].function)
    greedy = msgspec.structs.replace(ledger, name="greedy", operations=operations)
    monkeypatch.setattr(module, "load_domains", lambda _: [greedy])
    with pytest.raises(ConfigurationError, match=r"and all below it belong to (operations|console)"):
        describe(Settings())
