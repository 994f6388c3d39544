"""Which operation answers a path: a dict for the fixed ones, a small tree of segments for the others."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from roadbed.http.compiler import Endpoint
from roadbed.kernel.errors import Fault, Invalid

NO_SEGMENTS: tuple[str, ...] = ()


class Place:
    """What lies at one path: its endpoints by method. HEAD is answered by what answers GET."""

    __slots__ = ("allow", "allowed", "endpoints", "route")

    def __init__(self, route: str) -> None:
        self.route = route
        self.endpoints: dict[str, Endpoint] = {}
        self.allowed: tuple[str, ...] = ()
        self.allow = b""

    def add(self, endpoint: Endpoint) -> None:
        """Take in an endpoint; the compiler has seen to it that the method is free."""
        self.endpoints[endpoint.operation.method] = endpoint
        if endpoint.operation.method == "GET":
            self.endpoints["HEAD"] = endpoint
        self.allowed = (*sorted(self.endpoints), "OPTIONS")
        self.allow = ", ".join(self.allowed).encode("ascii")


Match = tuple[Place, Sequence[str]]


class _Node:
    __slots__ = ("fixed", "parameter", "place", "rest")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.place: Place | None = None
        self.rest: Place | None = None


class Router:
    """Finds the place of a path. A fixed segment goes before a parameter, a parameter before the rest of a path.

    A parameter never matches an empty segment: ``/accounts/`` is none of ``/accounts/{account_id}``, and a slash at
    the end is another path than none.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._fixed: dict[str, Match] = {}
        self._root = _Node()
        for endpoint in endpoints:
            self._place(endpoint).add(endpoint)

    def find(self, path: str) -> Match | None:
        """Return the place of a path and what its parameters matched; ``path`` is percent-encoded, as it was sent.

        Raises:
            Invalid: a percent-encoded segment is not UTF-8.
        """
        match = self._fixed.get(path)
        if match is not None:
            return match
        segments = path.split("/")
        if "%" in path:
            segments = [_decode(segment) for segment in segments]
        return _walk(self._root, segments, 1, [])

    def _place(self, endpoint: Endpoint) -> Place:
        template = endpoint.operation.path
        if "{" not in template:
            match = self._fixed.get(template)
            if match is None:
                match = self._fixed[template] = (Place(endpoint.route), NO_SEGMENTS)
                # Also in the tree, for paths that are percent-encoded where they need not be.
                self._descend(template).place = match[0]
            return match[0]
        node = self._descend(template)
        if template.endswith(":path}"):
            node.rest = node.rest or Place(endpoint.route)
            return node.rest
        node.place = node.place or Place(endpoint.route)
        return node.place

    def _descend(self, template: str) -> _Node:
        node = self._root
        for segment in template.split("/")[1:]:
            if segment.endswith(":path}"):
                break
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(segment, _Node())
        return node


def _walk(node: _Node, segments: list[str], index: int, taken: list[str]) -> Match | None:
    if index == len(segments):
        return None if node.place is None else (node.place, taken)
    segment = segments[index]
    fixed = node.fixed.get(segment)
    if fixed is not None:
        match = _walk(fixed, segments, index + 1, taken)
        if match is not None:
            return match
    if segment and node.parameter is not None:
        match = _walk(node.parameter, segments, index + 1, [*taken, segment])
        if match is not None:
            return match
    if node.rest is not None:
        return node.rest, [*taken, "/".join(segments[index:])]
    return None


def _decode(segment: str) -> str:
    try:
        return unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(faults=[Fault("path", "The path is not UTF-8")]) from None
