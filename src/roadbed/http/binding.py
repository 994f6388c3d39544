"""Binding: the texts of one request to the arguments of one handler, with every fault named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote_to_bytes

from roadbed.http.asgi import Fields
from roadbed.http.limits import MAX_FAULTS
from roadbed.http.parameters import REQUIRED, Parameter
from roadbed.kernel.errors import Fault

Bind = Callable[[Sequence[str], bytes, Fields, list[Fault]], dict[str, Any]]
"""Path segments, raw query and header fields to arguments by name; faults are appended to the list."""


def split_query(query: bytes, faults: list[Fault]) -> dict[str, list[str]]:
    """Split a query string (``application/x-www-form-urlencoded``, UTF-8) into values by name.

    A parameter that is not UTF-8 is a fault, and left out.
    """
    found: dict[str, list[str]] = {}
    for pair in query.split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        try:
            name, value = _decode(raw_name), _decode(raw_value)
        except UnicodeDecodeError:
            shown = raw_name.decode("ascii", "replace")[:64]
            faults.append(Fault(f"query:{shown}", "This is not UTF-8"))
        else:
            found.setdefault(name, []).append(value)
    return found


def _decode(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    return (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8")


def make_binder(parameters: Sequence[Parameter], *, ignoring: bool = False) -> Bind | None:
    """Return what binds these parameters, or None where there is nothing to bind: a query is then refused whole.

    ``ignoring``: query parameters that are not among them are left alone.
    """
    path = [parameter for parameter in parameters if parameter.place == "path"]
    query = {parameter.name: parameter for parameter in parameters if parameter.place == "query"}
    headers = [parameter for parameter in parameters if parameter.place == "header"]
    path_readers = [(parameter.argument, parameter.pointer, parameter.read) for parameter in path]
    no_query = {parameter.argument: parameter.default for parameter in query.values()}
    must_query = any(default is REQUIRED for default in no_query.values())

    def bind(segments: Sequence[str], raw_query: bytes, fields: Fields, faults: list[Fault]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for (argument, pointer, read), text in zip(path_readers, segments, strict=True):
            try:
                arguments[argument] = read(text)
            except ValueError as error:
                faults.append(Fault(pointer, str(error)))
        if raw_query or must_query:
            _bind_query(query, raw_query, arguments, faults, ignoring)
        elif no_query:
            arguments.update(no_query)
        for parameter in headers:
            raw = fields.get(parameter.name.lower().encode("latin-1"))
            _bind_one(parameter, [] if raw is None else [raw.decode("latin-1")], arguments, faults)
        return arguments

    return bind if parameters else None


def _bind_query(
    known: dict[str, Parameter], raw: bytes, arguments: dict[str, Any], faults: list[Fault], ignoring: bool
) -> None:
    found = split_query(raw, [] if ignoring else faults)
    for parameter in known.values():
        _bind_one(parameter, found.pop(parameter.name, []), arguments, faults)
    if not ignoring:
        refuse_unknown(found, known, faults)


def _bind_one(parameter: Parameter, texts: list[str], arguments: dict[str, Any], faults: list[Fault]) -> None:
    if not texts:
        if parameter.default is REQUIRED and not any(fault.pointer == parameter.pointer for fault in faults):
            faults.append(Fault(parameter.pointer, "This parameter is missing"))
        arguments[parameter.argument] = parameter.default
        return
    try:
        arguments[parameter.argument] = parameter.read_all(texts)
    except ValueError as error:
        faults.append(Fault(parameter.pointer, str(error)))


def refuse_unknown(found: dict[str, list[str]], known: dict[str, Parameter], faults: list[Fault]) -> None:
    """Name every query parameter that is not known, with the nearest that is."""
    for name in list(found)[:MAX_FAULTS]:
        near = get_close_matches(name[:64], known, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        faults.append(Fault(f"query:{name[:64]}", f"There is no such parameter{hint}"))
