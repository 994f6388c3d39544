"""``Accept``: which of two types a client would rather have (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterator

HTML = ("text/html", "text/*", "*/*")
JSON = ("application/json", "application/*", "*/*")


def prefers_html(accept: str | None) -> bool:
    """Tell whether a client would rather have HTML than JSON, as browsers would. A tie goes to JSON."""
    return accept is not None and _quality(accept, HTML) > _quality(accept, JSON)


def prefers_json(accept: str | None) -> bool:
    """Tell whether a client would rather have JSON than HTML, and says so. A tie goes to HTML."""
    return accept is not None and _quality(accept, JSON) > _quality(accept, HTML)


def _quality(accept: str, ranges: tuple[str, ...]) -> float:
    """Return how much a type is wanted, 0 to 1: the closest range that is named decides."""
    given = dict(_ranges(accept))
    return next((given[each] for each in ranges if each in given), 0.0)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        name, *parameters = part.split(";")
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _weight(value.strip())
        yield name.strip(), quality


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
