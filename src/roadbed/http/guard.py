"""Who may call from where: the Host allow-list (against DNS rebinding), foreign origins, CORS.

A browser sends a foreign page's unsafe request with ``Origin`` or at least ``Sec-Fetch-Site``; other clients send
neither and are let through (they can forge both: this protects browsers' users, not the service from its callers).
"""

from __future__ import annotations

import ipaddress
import re

from roadbed.http.asgi import Fields, Header
from roadbed.http.limits import HttpOptions
from roadbed.kernel.errors import Fault, Forbidden, Invalid

_REMEMBERED = 64
_OWN_SITE = (b"same-origin", b"none")
_PREFLIGHT_LIFETIME = b"600"
_EXPOSED = (
    b"ETag, Idempotency-Replayed, Link, Location, Retry-After, Total-Count, X-Request-Id, traceparent, Cache-Status, "
    b"RateLimit"
)
_ALLOWED_FIELDS = b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, traceparent"
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::[0-9]*)?\Z")


def host_name(host: str) -> str:
    """Return the name in a Host field or an authority, lower-case, without its port; IPv6 keeps its brackets.

    What is no authority (``[::1].elsewhere.example``) has no name: the empty text is on no list.
    """
    found = _AUTHORITY.match(host.strip().lower())
    return found[1] if found else ""


def is_own_address(name: str, server: tuple[str, int | None] | None) -> bool:
    """Tell whether a host is the very address at which its connection came in, as health probes and scrapes ask.

    A page that makes a name of its own point to this machine sends that name, and never an address.
    """
    try:
        return server is not None and _address(name) == _address(server[0])
    except ValueError:
        return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    # A socket for both families shows IPv4 so.
    return getattr(found, "ipv4_mapped", None) or found


class Guard:
    """The checks of one service. Values of Host that passed are remembered: the common case is one look-up."""

    def __init__(self, options: HttpOptions) -> None:
        self._any_host = "*" in options.allowed_hosts
        names = [
            f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host.lower()
            for host in options.allowed_hosts
        ]
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))
        self._any_origin = "*" in options.cors_origins
        self._origins = frozenset(origin.lower().rstrip("/").encode("latin-1") for origin in options.cors_origins)
        self.has_cors = bool(self._origins)
        self.known_hosts: set[bytes] = set()

    def check_host(self, fields: Fields, server: tuple[str, int | None] | None = None) -> None:
        """Refuse a request for a host that is not ours. ``server`` is the address at which the connection came in.

        Raises:
            Invalid: there is no Host field (RFC 9112, section 3.2).
            Forbidden: its name is not on the list, nor is it that address.
        """
        host = fields.get(b"host")
        if host in self.known_hosts:
            return
        if host is None:
            if self._any_host:
                return
            raise Invalid(faults=[Fault("header:Host", "This field is missing")])
        name = host_name(host.decode("latin-1"))
        if not self._is_served(name) and not is_own_address(name, server):
            raise Forbidden("This host is not served here; the setting allowed_hosts names those that are")
        if len(self.known_hosts) < _REMEMBERED:
            self.known_hosts.add(host)

    def _is_served(self, name: str) -> bool:
        return self._any_host or name in self._names or name.endswith(self._suffixes)

    def check_origin(self, fields: Fields) -> None:
        """Refuse an unsafe request that a page of another origin makes.

        Raises:
            Forbidden: the origin is neither ours nor on the CORS list.
        """
        origin = fields.get(b"origin")
        if origin is None:
            if fields.get(b"sec-fetch-site", b"none") in _OWN_SITE:
                return
        elif self._is_listed(origin) or origin.partition(b"://")[2].lower() == fields.get(b"host", b"").lower() != b"":
            return
        raise Forbidden("Pages of another origin may not change anything here; the setting cors_origins lets them")

    def add_cors(self, fields: Fields, headers: list[Header]) -> None:
        """Add to a reply what lets a listed origin read it. ``Vary`` goes with every reply, whoever asked."""
        vary = next((index for index, (name, _) in enumerate(headers) if name == b"vary"), None)
        if vary is None:
            headers.append((b"vary", b"Origin"))
        else:
            headers[vary] = (b"vary", headers[vary][1] + b", Origin")
        origin = fields.get(b"origin")
        if origin is not None and self._is_listed(origin):
            headers.append((b"access-control-allow-origin", origin))
            headers.append((b"access-control-expose-headers", _EXPOSED))

    def preflight_headers(self, fields: Fields, allow: bytes) -> tuple[Header, ...]:
        """Return what answers a preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch) beside ``Allow``."""
        origin = fields.get(b"origin")
        if origin is None or b"access-control-request-method" not in fields or not self._is_listed(origin):
            return ()
        return (
            (b"access-control-allow-methods", allow),
            (b"access-control-allow-headers", _ALLOWED_FIELDS),
            (b"access-control-max-age", _PREFLIGHT_LIFETIME),
        )

    def _is_listed(self, origin: bytes) -> bool:
        return self.has_cors and (self._any_origin or origin.lower() in self._origins)
