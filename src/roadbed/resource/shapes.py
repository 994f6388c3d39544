"""The structs of a resource: what a client sends to create and to change, what is stored, what is shown."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Any

import msgspec

from roadbed.http.parameters import REQUIRED
from roadbed.resource.fields import MANAGED, Field

_STORED_AS: dict[str, Any] = {"json": str, "text": str, "digest": bytes}


class Shapes(msgspec.Struct, frozen=True):
    """``new`` and ``patch`` are read from bodies; ``row`` is one row as the engines give it; ``shown`` is a reply.

    ``columns`` are the names of ``row``, in order: the stored fields as declared, then those that the platform keeps.
    """

    new: type[Any]
    patch: type[Any]
    row: type[Any]
    shown: type[Any]
    columns: tuple[str, ...]


def make_shapes(struct: type[msgspec.Struct], fields: list[Field], given: list[Field], mutable: list[Field]) -> Shapes:
    """Return the structs. ``given`` are the fields that a create takes, ``mutable`` those that a patch may change."""
    name = struct.__name__
    about = (struct.__doc__ or name).strip().split("\n\n")[0]
    stored = [field for field in fields if field.stored and field.name not in MANAGED]
    define = partial(_define, struct.__module__)
    columns = tuple([field.name for field in stored] + list(MANAGED))
    kinds = {field.name: _row_type(field) for field in stored} | MANAGED
    return Shapes(
        new=define(f"New{name}", f"What to create: {about}", [_given(field) for field in given], body=True),
        patch=define(
            f"{name}Patch", f"What to change of it: {about}", [_changed(field) for field in mutable], body=True
        ),
        row=define(f"{name}Row", f"As stored: {about}", [(column, kinds[column]) for column in columns], body=False),
        shown=define(name, struct.__doc__ or name, [_shown(field) for field in fields], body=False),
        columns=columns,
    )


def _row_type(field: Field) -> Any:
    # The engines give texts; what is behind them was checked when it came in.
    plain = _STORED_AS.get(field.kind) or field.annotation
    while hasattr(plain, "__metadata__"):
        plain = plain.__origin__
    return plain | None if field.optional else plain


def _given(field: Field) -> tuple[Any, ...]:
    if field.default is REQUIRED:
        return (field.name, field.type)
    default: object = field.default
    if isinstance(default, list | dict | set | bytearray):
        again: Any = partial(copy, field.default)
        return (field.name, field.type, msgspec.field(default_factory=again))
    return (field.name, field.type, field.default)


def _shown(field: Field) -> tuple[Any, ...]:
    return _changed(field) if field.secret else (field.name, field.type)


def _changed(field: Field) -> tuple[Any, ...]:
    return (field.name, field.type | msgspec.UnsetType, msgspec.UNSET)


def _define(module: str, name: str, about: str, fields: list[tuple[Any, ...]], *, body: bool) -> type[Any]:
    return msgspec.defstruct(
        name,
        fields,
        namespace={"__doc__": about},
        module=module,
        kw_only=body or any(len(field) > 2 for field in fields),
        frozen=body,
        forbid_unknown_fields=body,
    )
