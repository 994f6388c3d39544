"""What is wrong with a body: every fault with its JSON pointer (RFC 6901), not just the first.

msgspec's decoder is fast and stops at the first error. This is the slow and thorough reading, on the path of failure
(and of the few bodies that look suspicious, see ``strictness``): the body as plain values, checked field by field.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import msgspec

from roadbed.http.limits import MAX_FAULTS
from roadbed.http.parameters import INT64_MAX, INT64_MIN
from roadbed.http.shapes import bare, is_object
from roadbed.kernel.errors import Fault
from roadbed.kernel.wording import decoder_words, json_names

_EXPLAINED = 64 * 1024
"""Beyond so many bytes only msgspec's own first error is told: reading twice would be too dear."""

_BLANK = b" \t\r\n"
"""What JSON takes for white space (RFC 8259, section 2)."""

_HUGE = 10**64
_MAX_DIGITS = 64


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its names came twice."""

    doubles: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        made.doubles = tuple(name for name, _ in pairs if name in seen or seen.add(name))
    return made


def _integer(text: str) -> int:
    # Python refuses to read very many digits; that the number is far too large is all that matters here.
    return int(text) if len(text) <= _MAX_DIGITS else _HUGE


def escape(name: str) -> str:
    """Return a name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def find_faults(kind: Any, raw: bytes) -> list[Fault]:
    """Return all that is wrong with a JSON text as a value of this type; empty where nothing is, or none was found."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer)
    except (ValueError, RecursionError):
        return []
    faults: list[Fault] = []
    _check(kind, value, "", faults)
    return faults[:MAX_FAULTS]


def explain(kind: Any, raw: bytes, error: Exception) -> list[Fault]:
    """Return the faults behind an error of the decoder; at least one."""
    if isinstance(error, RecursionError):
        return [Fault("", "The JSON is nested too deeply")]
    if isinstance(error, UnicodeDecodeError):
        return [Fault("", "The JSON is not UTF-8")]
    if not raw.strip(_BLANK):
        return [Fault("", "The body is empty")]
    if not isinstance(error, msgspec.ValidationError):
        return [Fault("", f"The body is not JSON: {decoder_words(str(error))}")]
    found = find_faults(kind, raw) if len(raw) <= _EXPLAINED else []
    return found or [translate(str(error))]


def translate(message: str) -> Fault:
    """Turn a message of msgspec, which ends in a path such as ``$.a[0].b``, into a fault with a pointer.

    A missing or an unknown field points to the field itself. The keys of a mapping are not in msgspec's path
    (``[...]``): the pointer ends above them.
    """
    text, _, path = message.partition(" - at `")
    text = json_names(text)
    pointer = _pointer(path.rstrip("`"))
    for start, detail in (
        ("Object missing required field `", "This field is missing"),
        ("Object contains unknown field `", "There is no such field"),
    ):
        if text.startswith(start):
            return Fault(f"{pointer}/{escape(text.removeprefix(start).removesuffix('`'))}", detail)
    return Fault(pointer, text)


def _pointer(path: str) -> str:
    path = path.removeprefix("$").partition("[...]")[0]
    steps = path.replace("[", ".").replace("]", "").split(".")
    return "".join(f"/{escape(step)}" for step in steps if step)


def _check(kind: Any, value: Any, pointer: str, faults: list[Fault]) -> None:
    if len(faults) >= MAX_FAULTS:
        return
    plain, optional = bare(kind)
    if value is None and optional:
        return
    if is_object(plain) and isinstance(value, _Object):
        _check_struct(plain, value, pointer, faults)
        return
    origin = get_origin(plain)
    before = len(faults)
    if origin is list and isinstance(value, list):
        for index, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            _check(get_args(plain)[0], item, f"{pointer}/{index}", faults)
    elif origin is dict and isinstance(value, _Object):
        _name_doubles(value, pointer, faults)
        for name, item in value.items():
            _check(get_args(plain)[1], item, f"{pointer}/{escape(name)}", faults)
    if len(faults) == before:
        _check_leaf(_shell(kind), plain, value, pointer, faults)


def _shell(kind: Any) -> Any:
    """Return the type of a container without that of its parts, which have been checked: bounds of its length stay."""
    metas: list[Any] = []
    inner = kind
    while get_origin(inner) is Annotated:
        metas += inner.__metadata__
        inner = inner.__origin__
    if get_origin(inner) is not list:
        return kind
    shell: Any = list[Any]
    for meta in metas:
        shell = Annotated[shell, meta]
    return shell


def _check_struct(plain: type[msgspec.Struct], value: _Object, pointer: str, faults: list[Fault]) -> None:
    fields = _fields_of(plain)
    _name_doubles(value, pointer, faults)
    for name, field in fields.items():
        if name in value:
            _check(field.type, value[name], f"{pointer}/{escape(name)}", faults)
        elif field.required:
            faults.append(Fault(f"{pointer}/{escape(name)}", "This field is missing"))
    if plain.__struct_config__.forbid_unknown_fields:
        unknown = [name for name in value if name not in fields]
        faults.extend(Fault(f"{pointer}/{escape(name[:64])}", "There is no such field") for name in unknown)


@lru_cache(maxsize=256)
def _fields_of(plain: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    # Reading a struct's annotations costs a tenth of a millisecond: more than all the rest of a body.
    return {field.encode_name: field for field in msgspec.structs.fields(plain)}


def _name_doubles(value: _Object, pointer: str, faults: list[Fault]) -> None:
    faults.extend(Fault(f"{pointer}/{escape(name)}", "This field is given twice") for name in value.doubles)


def _check_leaf(kind: Any, plain: Any, value: Any, pointer: str, faults: list[Fault]) -> None:
    if plain in (Any, msgspec.Raw):
        return
    if plain is UUID and isinstance(value, str) and len(value) != 36:
        faults.append(Fault(pointer, "Expected a UUID: 8-4-4-4-12 hexadecimal digits"))
        return
    if plain is int and isinstance(value, float):
        # msgspec.convert takes 1.0 for an integer, its JSON decoder does not: the decoder is right.
        faults.append(Fault(pointer, "Expected `integer`, got `number`"))
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        inner = translate(str(error))
        faults.append(Fault(pointer + inner.pointer, inner.detail))
        return
    if plain is int and isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        faults.append(Fault(pointer, "Expected an integer of at most 64 bits"))
