"""Finds domains by name: the shipped ones, those of installed packages (entry points), or any by import path.

Only what is enabled is imported: a domain that is off costs nothing at start.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, cast

import msgspec

from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.domain import Domain
from roadbed.resource.figures import problems_among

SHIPPED = {
    "ledger": "roadbed.domains.ledger:domain",
    "kv": "roadbed.domains.kv:domain",
    "items": "roadbed.domains.items:domain",
    "vouchers": "roadbed.domains.vouchers:domain",
    "telemetry": "roadbed.domains.telemetry:domain",
}
"""The domains that come with Roadbed, by name."""

RESERVED = frozenset({"platform", "console"})
"""Names that no domain may have: that of the platform's own branch of the schema, and of its pages."""

ENTRY_POINTS = "roadbed.domains"
"""The group under which a package names its domains: ``shop = "shop.domain:domain"``."""


def load_domains(names: Sequence[str]) -> list[Domain[Any]]:
    """Import the domains of these names, in this order.

    Raises:
        ConfigurationError: one problem per name that is unknown, given twice or leads to no domain, and per figure that
            is declared wrongly.
    """
    problems: list[str] = []
    found: dict[str, Domain[Any]] = {}
    for name in names:
        try:
            domain = _load(name)
        except ConfigurationError as error:
            problems.extend(error.problems)
            continue
        if domain.name in found:
            problems.append(f"domains: {domain.name!r} is given twice")
        if domain.name in RESERVED:
            problems.append(f"domains: {name!r}: {domain.name!r} is a name of the platform's own")
        found[domain.name] = domain
    problems += problems_among((domain.name, domain.figures) for domain in found.values())
    if problems:
        raise ConfigurationError(problems=problems)
    return list(found.values())


def locations(domains: Iterable[Domain[Any]]) -> list[Location]:
    """Return where the revisions of these domains lie."""
    return [location(domain) for domain in domains]


def location(domain: Domain[Any]) -> Location:
    """Return where the revisions of a domain lie; if it has none, what its declaration comes to."""
    tables = f"{domain.path}.tables" if domain.path else ""
    return Location(domain.name, domain.migrations, tables, "" if domain.migrations else domain.fingerprint())


def package_for_revisions(domain: Domain[Any]) -> str:
    """Return the import path that a domain without revisions should give them: inside a package, beside a module."""
    module = domain.path.partition(":")[0]
    found = find_spec(module)
    return f"{module}.migrations" if found and found.submodule_search_locations else f"{module}_migrations"


def shipped_locations() -> list[Location]:
    """Return where the revisions of all shipped domains lie, without importing the domains.

    A database may hold them although their domain is switched off now.
    """
    return [Location(name, f"{path.partition(':')[0]}.migrations") for name, path in SHIPPED.items()]


def part_of(domain: Domain[Any], name: str) -> ModuleType | None:
    """Import a file that a domain may bring beside what it declares (``importer``, ``seeds``), or return None."""
    package = domain.path.partition(":")[0]
    path = f"{package}.{name}"
    module = import_module(package) if package else None
    if module is None or not hasattr(module, "__path__") or find_spec(path) is None:
        return None
    return import_module(path)


def _load(name: str) -> Domain[Any]:
    path = SHIPPED.get(name) or (name if ":" in name else _entry_point(name))
    module_name, _, attribute = path.partition(":")
    try:
        domain = getattr(import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"domains: {name!r}: there is no module {error.name!r}") from error
    except AttributeError:
        raise ConfigurationError(f"domains: {name!r}: {module_name} has no {attribute!r}") from None
    if not isinstance(domain, Domain):
        raise ConfigurationError(f"domains: {name!r} is a {type(domain).__name__}, and no Domain")
    return msgspec.structs.replace(cast(Domain[Any], domain), path=path)


def _entry_point(name: str) -> str:
    from importlib.metadata import entry_points

    found = {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}
    if name in found:
        return found[name]
    known = [*SHIPPED, *found]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
    raise ConfigurationError(f"domains: there is no domain {name!r}{hint}")
