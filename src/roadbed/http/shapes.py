"""Walking through types: what a type is made of."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

import msgspec

_CONTAINERS = (list, dict, tuple, set, frozenset)


def bare(kind: Any) -> tuple[Any, bool]:
    """Return a type without ``Annotated``, ``| None`` and ``| UnsetType``, and whether None is allowed."""
    optional = False
    while True:
        if get_origin(kind) is Annotated:
            kind = kind.__origin__
            continue
        arguments = get_args(kind) if get_origin(kind) not in _CONTAINERS else ()
        rest = [part for part in arguments if part not in (type(None), msgspec.UnsetType)]
        if len(rest) == len(arguments) or len(rest) != 1:
            return kind, optional or type(None) in arguments
        optional = optional or type(None) in arguments
        kind = rest[0]


def is_struct(plain: Any) -> bool:
    """Tell whether a type is a struct."""
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)


def is_object(plain: Any) -> bool:
    """Tell whether a type is a struct that is written as a plain JSON object, without a tag."""
    if not is_struct(plain):
        return False
    config = plain.__struct_config__
    return not config.array_like and config.tag is None


def leaves(kind: Any, seen: set[Any] | None = None) -> list[tuple[Any, Any]]:
    """Return the plain types that a type is made of in the end, each with its annotation as declared."""
    seen = set() if seen is None else seen
    plain, _ = bare(kind)
    if is_struct(plain):
        if plain in seen:
            return []
        seen.add(plain)
        return [leaf for field in msgspec.structs.fields(plain) for leaf in leaves(field.type, seen)]
    # The names of an object are no values of it.
    parts = get_args(plain)[1:] if get_origin(plain) is dict else get_args(plain)
    if parts and get_origin(plain) is not None:
        return [leaf for part in parts for leaf in leaves(part, seen)]
    return [(plain, kind)]


def structs_of(kind: Any) -> list[type[msgspec.Struct]]:
    """Return every struct within a type, itself included, each once."""
    found: dict[type[msgspec.Struct], None] = {}
    _collect(kind, found)
    return list(found)


def _collect(kind: Any, found: dict[type[msgspec.Struct], None]) -> None:
    plain, _ = bare(kind)
    if is_struct(plain):
        if plain not in found:
            found[plain] = None
            for field in msgspec.structs.fields(plain):
                _collect(field.type, found)
        return
    for part in get_args(plain):
        _collect(part, found)
