"""Renders the pages of the shop from the templates in ``pages/``. Jinja is imported when the first is asked for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

_PAGES = Path(__file__).parent / "pages"


def render(name: str, values: Mapping[str, Any]) -> bytes:
    """Return a page as HTML. Every value is escaped."""
    return _environment().get_template(name).render(values).encode()


def qr_of(code: str) -> Markup:
    """Return a redemption code as a QR code (ISO/IEC 18004), an SVG to stand within a page: nothing is loaded for it.

    A quarter of it may be damaged (level Q). Around it is the white border of four modules that readers look for.
    """
    import segno
    from markupsafe import Markup

    drawn = segno.make_qr(code, error="q").svg_inline(border=4, dark="#000000", light="#ffffff", omitsize=True)
    return Markup(drawn)  # noqa: S704 - drawn from squares, it holds no text


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
