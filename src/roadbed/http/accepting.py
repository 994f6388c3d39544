"""What a client would rather have: ``Accept`` and ``Accept-Encoding`` (RFC 9110, sections 12.5.1 and 12.5.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

HTML = ("text/html", "text/*", "*/*")
JSON = ("application/json", "application/*", "*/*")


def prefers_html(accept: str | None) -> bool:
    """Tell whether a client would rather have HTML than JSON, as browsers would. A tie goes to JSON."""
    return accept is not None and _quality(accept, HTML) > _quality(accept, JSON)


def prefers_json(accept: str | None) -> bool:
    """Tell whether a client would rather have JSON than HTML, and says so. A tie goes to HTML."""
    return accept is not None and _quality(accept, JSON) > _quality(accept, HTML)


def prefers_openmetrics(accept: str | None) -> bool:
    """Tell whether a client would rather have OpenMetrics than Prometheus's own text format, and names both or it."""
    if accept is None:
        return False
    given = dict(_ranges(accept))
    return given.get("application/openmetrics-text", 0.0) > given.get("text/plain", 0.0)


def prefers_lines(accept: str | None) -> bool:
    """Tell whether a client would rather have lines of JSON (NDJSON) than JSON, and names them. A tie goes to JSON."""
    if accept is None:
        return False
    given = dict(_ranges(accept))
    return given.get("application/x-ndjson", 0.0) > given.get("application/json", 0.0)


def best_coding(accept_encoding: str | None, available: Sequence[str]) -> str:
    """Return which of the codings in which there is something suits a client best; empty: none, as it is.

    Of codings that are wanted as much, the first that is available is taken. Who refuses even what is not coded gets
    that all the same: a server may send it (section 12.5.3).
    """
    if accept_encoding is None:
        return ""
    given = dict(_ranges(accept_encoding))
    best, most = "", given.get("identity", 0.0)
    for coding in available:
        wanted = given.get(coding, given.get("*", 0.0))
        if wanted > most or (wanted == most > 0 and not best):
            best, most = coding, wanted
    return best


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
