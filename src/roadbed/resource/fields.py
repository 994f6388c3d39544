"""Fields: what the annotations of a resource's struct say, read once, with every mistake named."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from roadbed.http.parameters import REQUIRED
from roadbed.http.shapes import bare
from roadbed.resource.markers import (
    MARKERS,
    Computed,
    Indexed,
    Key,
    Label,
    MinorUnits,
    Multiline,
    OnDelete,
    ReadOnly,
    Reference,
    Secret,
    Unique,
)

Kind = Literal["uuid", "text", "integer", "real", "flag", "instant", "json", "digest"]

MANAGED: dict[str, Any] = {"version": int, "created_at": datetime, "updated_at": datetime}
"""Columns that every resource has. A struct that declares one of them shows it; the platform alone writes it."""

LONGEST_TEXT = 100_000
"""Characters of a text field that declares no ``max_length``."""

LONGEST_KEY = 255
"""The same of one that is looked up: a key, a reference, a field that is unique or indexed."""

_KINDS: dict[Any, Kind] = {
    UUID: "uuid",
    str: "text",
    int: "integer",
    float: "real",
    bool: "flag",
    datetime: "instant",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_ORDERED = frozenset({"uuid", "text", "integer", "real", "instant"})


NO_NUL = msgspec.Meta(extra_json_schema={"pattern": "^[^\\u0000]*$"})
"""Said of texts in documents: neither engine stores NUL."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a resource. ``annotation`` is its type in the API, without null; ``default`` may be REQUIRED.

    ``choices`` are the values of a Literal or Enum of texts. ``kind`` says how both engines store it.
    """

    name: str
    kind: Kind
    annotation: Any
    optional: bool = False
    default: Any = REQUIRED
    key: bool = False
    read_only: bool = False
    unique: bool = False
    indexed: bool = False
    reference: Reference | None = None
    computed: Callable[[Any, str], Any] | None = None
    secret: Callable[[], str] | None = None
    choices: tuple[str, ...] = ()
    meta: tuple[msgspec.Meta, ...] = ()
    label: str = ""
    multiline: bool = False
    minor_units: MinorUnits | None = None

    @property
    def stored(self) -> bool:
        """Whether the field has a column."""
        return self.computed is None

    @property
    def ordered(self) -> bool:
        """Whether a list can be sorted by it, and its values compared."""
        return self.kind in _ORDERED and not self.choices

    @property
    def type(self) -> Any:
        """The type in the API, with null where that is allowed."""
        return self.annotation | None if self.optional else self.annotation

    def bound(self, name: str) -> Any:
        """Return one bound of the annotation's ``Meta``s (``ge``, ``max_length`` …), or None."""
        found = [getattr(meta, name) for meta in self.meta]
        return next((value for value in found if value is not None), None)

    @property
    def description(self) -> str:
        """What the declaration says about the field."""
        return self.bound("description") or ""


def read_fields(struct: type[msgspec.Struct], where: str, problems: list[str]) -> list[Field]:
    """Return the fields of a struct in order; what is wrong with any is appended to ``problems``."""
    try:
        hints = get_type_hints(struct, include_extras=True)
    except Exception as error:  # noqa: BLE001 - whatever an annotation raises is a mistake in the declaration
        problems.append(f"{where}: its annotations cannot be read: {error}")
        return []
    found: list[Field] = []
    for declared in msgspec.structs.fields(struct):
        place = f"{where}.{declared.name}"
        if declared.encode_name != declared.name:
            problems.append(f"{place}: a field keeps its name; rename={declared.encode_name!r} is not read")
        if _NAME.match(declared.name) is None:
            problems.append(f"{place}: a name has 1 to 40 of a-z, 0-9 and _, and begins with a letter")
        field = _read(declared, hints[declared.name], place, problems)
        if field is not None:
            found.append(field)
    _check_keys(found, where, problems)
    return found


def key_of(fields: list[Field]) -> Field:
    """Return the key among fields that were read without a problem."""
    return next(field for field in fields if field.key)


def _read(declared: msgspec.structs.FieldInfo, hint: Any, place: str, problems: list[str]) -> Field | None:
    annotation, optional, extras = _unwrapped(hint)
    problems.extend(
        f"{place}: {marker.__name__} is a marker to be called: {marker.__name__}()"
        for marker in MARKERS
        if any(extra is marker for extra in extras)
    )
    plain, _ = bare(annotation)
    computed = _first(extras, Computed)
    secret = _first(extras, Secret)
    if secret is not None and (plain is not str or optional or declared.default is not msgspec.NODEFAULT):
        problems.append(f"{place}: a secret is a `str` without a default, and never null")
    choices = _choices(plain)
    kind: Kind | None = "digest" if secret else "text" if choices else _KINDS.get(plain)
    if kind is None:
        kind = "json"
        _check_json(annotation, place, problems)
    default = REQUIRED if declared.default is msgspec.NODEFAULT else declared.default
    if declared.default_factory is not msgspec.NODEFAULT:
        default = declared.default_factory()
    is_key = _first(extras, Key) is not None or declared.name == "id"
    label = _first(extras, Label)
    annotation, metas = _bounded(annotation, plain, extras, is_key=is_key)
    field = Field(
        name=declared.name,
        kind=kind,
        annotation=annotation,
        optional=optional,
        default=default,
        key=is_key,
        read_only=secret is not None or _first(extras, ReadOnly) is not None,
        unique=_first(extras, Unique) is not None,
        indexed=_first(extras, Indexed) is not None,
        reference=_first(extras, Reference),
        computed=None if computed is None else computed.make,
        secret=None if secret is None else secret.make,
        choices=choices,
        meta=tuple(metas),
        label=label.text if label else declared.name.replace("_", " ").capitalize(),
        multiline=_first(extras, Multiline) is not None,
        minor_units=_first(extras, MinorUnits),
    )
    _check(field, place, problems)
    return field


def _bounded(annotation: Any, plain: Any, extras: list[Any], *, is_key: bool) -> tuple[Any, list[msgspec.Meta]]:
    """Return a type with its bounds: a text has a longest length, which the tables hold it to, a key is not empty."""
    metas = [extra for extra in extras if isinstance(extra, msgspec.Meta)]
    added: list[msgspec.Meta] = []
    if plain is str and is_key and all(meta.min_length is None for meta in metas):
        added.append(msgspec.Meta(min_length=1))
    if plain is str and all(meta.max_length is None for meta in metas):
        is_looked_up = is_key or any(_first(extras, marker) is not None for marker in (Unique, Indexed, Reference))
        added.append(msgspec.Meta(max_length=LONGEST_KEY if is_looked_up else LONGEST_TEXT))
    if plain is str and all(meta.pattern is None for meta in metas):
        # What is refused with the statement (``data.values``) is told in documents.
        added.append(NO_NUL)
    for meta in added:
        annotation = Annotated[annotation, meta]
    return annotation, metas + added


def _unwrapped(hint: Any) -> tuple[Any, bool, list[Any]]:
    """Return a type without null and without our markers, whether null is allowed, and everything that annotates it."""
    extras: list[Any] = []
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            extras.extend(hint.__metadata__)
            hint = hint.__origin__
            continue
        kept = [part for part in get_args(hint) if part is not type(None)]
        if get_origin(hint) in (Union, UnionType) and len(kept) == 1:
            optional, hint = True, kept[0]
            continue
        break
    metas = tuple(extra for extra in extras if isinstance(extra, msgspec.Meta))
    annotation = hint
    for meta in metas:
        annotation = Annotated[annotation, meta]
    return annotation, optional, extras


def _first(extras: list[Any], kind: type[Any]) -> Any:
    return next((extra for extra in extras if isinstance(extra, kind)), None)


def _choices(plain: Any) -> tuple[str, ...]:
    values: tuple[Any, ...] = ()
    if get_origin(plain) is Literal:
        values = get_args(plain)
    elif isinstance(plain, type) and issubclass(plain, Enum):
        values = tuple(member.value for member in plain)
    return values if all(isinstance(value, str) for value in values) else ()


def _check_json(annotation: Any, place: str, problems: list[str]) -> None:
    try:
        msgspec.json.Decoder(annotation)
        # Types that msgspec knows nothing of have no schema.
        msgspec.json.schema(annotation)
    except TypeError as error:
        problems.append(f"{place}: its values cannot be read from JSON: {error}")


def _check(field: Field, place: str, problems: list[str]) -> None:
    managed = MANAGED.get(field.name)
    if managed is not None and (_KINDS[managed] != field.kind or field.optional):
        problems.append(f"{place}: the platform writes this one; it is declared as `{managed.__name__}`")
    if field.key and (field.optional or field.kind not in ("uuid", "integer", "text") or field.choices):
        problems.append(f"{place}: a key is a UUID, an int or a str, and never null")
    if managed is not None and (field.key or field.unique or field.reference or field.computed):
        problems.append(f"{place}: the platform writes this one; it is no key, reference, unique or computed field")
    if field.key and field.computed:
        problems.append(f"{place}: a key is stored")
    if field.unique and field.kind == "json":
        problems.append(f"{place}: a JSON document cannot be unique")
    if field.reference is not None and field.reference.on_delete not in get_args(OnDelete):
        problems.append(f"{place}: on_delete={field.reference.on_delete!r} is none of {', '.join(get_args(OnDelete))}")
    if field.reference is not None and field.reference.on_delete == "set_null" and not field.optional:
        problems.append(f"{place}: on_delete='set_null' needs a type that allows null")
    if field.secret and (field.computed or field.reference):
        problems.append(f"{place}: a secret is neither computed nor a reference")
    if field.default is not REQUIRED and not field.computed:
        try:
            msgspec.convert(msgspec.to_builtins(field.default), field.type)
        except (msgspec.ValidationError, TypeError) as error:
            problems.append(f"{place}: its default breaks its own rules: {error}")


def _check_keys(fields: list[Field], where: str, problems: list[str]) -> None:
    keys = [field.name for field in fields if field.key]
    if len(keys) != 1:
        problems.append(f"{where}: a resource has one key, the field `id` or one marked Key(); found: {keys or 'none'}")
