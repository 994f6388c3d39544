"""Header fields of a request as a dict; lines of one name are joined, except where only one can be meant."""

from __future__ import annotations

from collections.abc import Iterable

from roadbed.http.asgi import Fields, Header
from roadbed.kernel.errors import Fault, Invalid

# Two lines of these would leave open which one counts, and the proxy in front may have counted the other
# (RFC 9110, section 5.3: a field that is not a list comes once).
_SINGLE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"x-request-id",
    }
)


def join(raw: Iterable[Header]) -> tuple[Fields, list[Fault]]:
    """Return the fields by name, and a fault for each that may come only once and came again."""
    fields: Fields = {}
    faults: dict[bytes, Fault] = {}
    for name, value in raw:
        if name not in fields:
            fields[name] = value
        elif name in _SINGLE:
            faults[name] = Fault(f"header:{name.decode('latin-1').title()}", "This field is given more than once")
        else:
            # Cookies are joined with a semicolon (RFC 9113, section 8.2.3), all else with a comma.
            fields[name] += (b"; " if name == b"cookie" else b", ") + value
    return fields, list(faults.values())


def refuse(faults: list[Fault]) -> None:
    """Refuse a request whose fields are ambiguous.

    Raises:
        Invalid: there are faults.
    """
    if faults:
        raise Invalid(faults=faults)
