"""JSON schemas of the types that operations take and give: msgspec's, with what it leaves unsaid.

msgspec says of an int that it is an integer, and of a datetime that it is a string. The compiler is stricter: integers
have 64 bits and times are RFC 3339. A schema that did not say so would promise what is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from roadbed.http.parameters import INT64_MAX, INT64_MIN
from roadbed.http.shapes import is_struct, leaves, structs_of

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"

_FORMATS = {datetime: "date-time", date: "date"}


class Schemas:
    """The schemas of a set of types; what they share lies in ``components``."""

    def __init__(self, kinds: Sequence[Any]) -> None:
        kinds = list(dict.fromkeys(member for kind in kinds for member in union_members(kind)))
        structs: dict[type[msgspec.Struct], None] = {}
        for kind in kinds:
            structs.update(dict.fromkeys(structs_of(kind)))
        both = [*kinds, *structs]
        made, self.components = msgspec.json.schema_components(both, schema_hook=_unknown, ref_template=REFERENCE)
        self._schemas: dict[Any, Schema] = {}
        for kind, schema in zip(kinds, made, strict=False):
            self._schemas[kind] = complete(kind, schema)
        for struct, schema in zip(structs, made[len(kinds) :], strict=True):
            name: str = schema["$ref"].rpartition("/")[2]
            _complete_struct(struct, self.components[name])

    def of(self, kind: Any) -> Schema:
        """Return the schema of one of the types."""
        if _lists_several(kind):
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        members = union_members(kind)
        if len(members) == 1:
            return self._schemas[kind]
        return {"anyOf": [self._schemas[member] for member in members]}


def union_members(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union of structs, or of a list of one, or the type itself.

    msgspec writes such a union but cannot read it.
    """
    if _lists_several(kind):
        return union_members(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType) and sum(is_struct(member) for member in get_args(kind)) > 1:
        return get_args(kind)
    return (kind,)


def _lists_several(kind: Any) -> bool:
    return get_origin(kind) is list and len(union_members(get_args(kind)[0])) > 1


def schema_of(kind: Any) -> Schema:
    """Return the schema of a type that needs no components, such as a parameter's."""
    (schema,), _ = msgspec.json.schema_components([kind], schema_hook=_unknown, ref_template=REFERENCE)
    return complete(kind, schema)


def _unknown(kind: type) -> Schema:
    """Describe what msgspec knows nothing of by its name: the document must not fail for it."""
    return {"title": kind.__name__}


def complete(kind: Any, schema: Schema) -> Schema:
    """Add, in place, the bounds of integers and the formats of times; return the schema."""
    plains = {plain for plain, _ in leaves(kind) if isinstance(plain, type)}
    times = [form for plain, form in _FORMATS.items() if plain in plains]
    _visit(schema, times[0] if len(times) == 1 and str not in plains else None)
    return schema


def _complete_struct(struct: type[msgspec.Struct], schema: Schema) -> None:
    by_name = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    if "properties" in schema:
        for name, inner in schema["properties"].items():
            if name in by_name:
                complete(by_name[name].type, inner)
    else:
        for field, inner in zip(by_name.values(), schema.get("prefixItems", ()), strict=False):
            complete(field.type, inner)
    # The first paragraph of a docstring describes the type; what follows is for those who read the code.
    if "description" in schema:
        schema["description"] = schema["description"].split("\n\n")[0].replace("\n", " ").replace("``", "`")


def _visit(schema: Schema, time_format: str | None) -> None:
    if schema.get("type") == "integer" and "enum" not in schema:
        schema.setdefault("format", "int64")
        if "exclusiveMinimum" not in schema:
            schema.setdefault("minimum", INT64_MIN)
        if "exclusiveMaximum" not in schema:
            schema.setdefault("maximum", INT64_MAX)
    elif schema.get("type") == "string" and time_format is not None and not {"format", "enum"} & schema.keys():
        schema["format"] = time_format
    for key in ("anyOf", "prefixItems"):
        for inner in schema.get(key, ()):
            _visit(inner, time_format)
    for key in ("items", "additionalProperties"):
        inner = schema.get(key)
        if isinstance(inner, dict):
            _visit(inner, time_format)  # pyright: ignore[reportUnknownArgumentType]


def without_null(schema: Schema) -> Schema:
    """Return the schema of a value that is there: a parameter is left out, it is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if not choices:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices}
