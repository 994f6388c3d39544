"""Domains are found by name, entry point or import path; what is wrong with any is told together."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace

import msgspec
import pytest

from roadbed.data.migrations.locations import known_revisions
from roadbed.domains.ledger import domain as declared
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.domain import Domain
from roadbed.resource.registry import SHIPPED, load_domains, locations, part_of, shipped_locations

PATH = "roadbed.domains.ledger:domain"
ledger = msgspec.structs.replace(declared, path=PATH)


def problems_of(*names: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_domains(names)
    return caught.value.problems


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Entry points of installed packages: a test fills them in."""
    found: dict[str, str] = {}
    monkeypatch.setattr(
        metadata,
        "entry_points",
        lambda group: [SimpleNamespace(name=name, value=value) for name, value in found.items() if group],
    )
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_domain_has_its_name(name: str) -> None:
    assert [domain.name for domain in load_domains([name])] == [name]


def test_by_import_path() -> None:
    assert load_domains([PATH]) == [ledger]


def test_by_entry_point(entry_points: dict[str, str]) -> None:
    entry_points["books"] = PATH
    assert load_domains(["books"]) == [ledger]


def test_a_shipped_name_is_not_taken_by_a_package(entry_points: dict[str, str]) -> None:
    entry_points["ledger"] = "somewhere.else:domain"
    assert load_domains(["ledger"]) == [ledger]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("ledgr", "domains: there is no domain 'ledgr'; did you mean ledger?"),
        ("xyz", "domains: there is no domain 'xyz'; known are " + ", ".join(SHIPPED)),
        ("no.such.module:domain", "domains: 'no.such.module:domain': there is no module 'no'"),
        (
            "roadbed.domains.ledger:nothing",
            "domains: 'roadbed.domains.ledger:nothing': roadbed.domains.ledger has no 'nothing'",
        ),
        ("os:path", "domains: 'os:path' is a module, and no Domain"),
        ("os:sep", "domains: 'os:sep' is a str, and no Domain"),
    ],
)
def test_a_name_that_leads_nowhere(entry_points: dict[str, str], name: str, problem: str) -> None:
    assert problems_of(name) == (problem,)


def test_names_of_packages_are_suggested_too(entry_points: dict[str, str]) -> None:
    entry_points["bookshop"] = "shop:domain"
    assert problems_of("bokshop") == ("domains: there is no domain 'bokshop'; did you mean bookshop?",)


def test_all_that_is_wrong_is_told_together(entry_points: dict[str, str]) -> None:
    assert problems_of("ledgr", "ledger", "os:sep", "ledger") == (
        "domains: there is no domain 'ledgr'; did you mean ledger?",
        "domains: 'os:sep' is a str, and no Domain",
        "domains: 'ledger' is given twice",
    )


def test_a_domain_by_two_names_is_given_twice(entry_points: dict[str, str]) -> None:
    entry_points["books"] = PATH
    assert problems_of("ledger", "books") == ("domains: 'ledger' is given twice",)


def test_the_place_of_its_revisions() -> None:
    (place,) = locations([ledger])
    assert (place.branch, place.package) == ("ledger", "roadbed.domains.ledger.migrations")


def test_its_tables_can_be_found_by_another_process() -> None:
    (place,) = locations([ledger])
    module, _, function = place.metadata.partition(":")
    find = f"attrgetter({function!r})(m)()"
    code = f"from operator import attrgetter; import {module} as m; print(len({find}.tables) > 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"


def test_every_shipped_domain_has_revisions() -> None:
    known = known_revisions(shipped_locations())
    assert [name for name in SHIPPED if not known[name]] == []


def test_the_places_of_shipped_domains_are_known_without_importing_them() -> None:
    code = (
        "import sys; from roadbed.resource.registry import shipped_locations; "
        "print(len(shipped_locations()), [name for name in sys.modules if name.startswith('roadbed.domains.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == f"{len(SHIPPED)} []\n"


def test_a_domain_may_bring_further_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "outside_shop"
    package.mkdir()
    declared = "from roadbed.resource.domain import Domain\ndomain = Domain(name='outside', title='Outside')\n"
    (package / "__init__.py").write_text(declared)
    (package / "seeds.py").write_text("SEEDS = 7\n")
    (tmp_path / "outside_file.py").write_text(declared)
    monkeypatch.syspath_prepend(tmp_path)
    (whole,) = load_domains(["outside_shop:domain"])
    seeds = part_of(whole, "seeds")
    assert seeds is not None
    assert (seeds.SEEDS, part_of(whole, "importer")) == (7, None)
    (single,) = load_domains(["outside_file:domain"])
    assert part_of(single, "seeds") is None


@pytest.mark.parametrize("name", ["platform", "console"])
def test_names_of_the_platforms_own_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = ModuleType("greedy")
    setattr(module, "domain", Domain(name=name, title="Greedy"))  # noqa: B010 - a module knows no attributes of ours
    monkeypatch.setitem(sys.modules, "greedy", module)
    assert problems_of("greedy:domain") == (f"domains: 'greedy:domain': {name!r} is a name of the platform's own",)
