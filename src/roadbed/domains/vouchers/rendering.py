"""Renders the pages of the shop from the templates in ``pages/``. Jinja is imported when the first is asked for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

_PAGES = Path(__file__).parent / "pages"


def render(name: str, values: Mapping[str, Any]) -> bytes:
    """Return a page as HTML. Every value is escaped."""
    return _environment().get_template(name).render(values).encode()


@cache
def policy() -> str:
    """Return the ``Content-Security-Policy`` of the pages: their own style sheet, forms to ourselves, nothing else."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (_PAGES / "shop.css").read_text(encoding="utf-8")


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    made: Any = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["style"] = Markup(_style())  # noqa: S704 - a file of ours
    return made
