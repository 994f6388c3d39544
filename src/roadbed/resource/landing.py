"""Where a person lands: the page of each domain, and the paths from which browsers are led there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roadbed.http import console
from roadbed.resource.domain import Domain


def page_of(domain: Domain[Any]) -> str:
    """Return the path of a domain's page: its own, or its part of the console."""
    return domain.page or console.ROOT + domain.name


def leads(domains: Sequence[Domain[Any]]) -> dict[str, str]:
    """Return pages by the paths that lead browsers there: the root of the service, and that of each domain.

    Where one domain is on, the root of the service is its page.
    """
    found = {"/": page_of(domains[0]) if len(domains) == 1 else console.ROOT}
    for domain in domains:
        page = page_of(domain)
        roots = (f"/{domain.name}", f"/{domain.name}/")
        found |= {root: page for root in roots if root != page}
    return found
