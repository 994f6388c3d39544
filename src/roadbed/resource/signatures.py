"""Handlers that are made, not written: a function gets the signature, name and docstring that a domain would write."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

import msgspec

from roadbed.http.call import Call
from roadbed.http.operations import Operation, Operations
from roadbed.http.parameters import REQUIRED
from roadbed.resource.compiled import Compiled
from roadbed.resource.store import Store

CallOf = Call[Store]
Parameters = Sequence[tuple[str, Any, Any]]
"""Name, annotation and default (or REQUIRED) of each."""


class Said(msgspec.Struct, frozen=True):
    """What is said of a handler: its name in documents, its docstring, its parameters and what it returns."""

    name: str
    doc: str
    parameters: Parameters
    returns: Any


def declare(
    group: Operations[Store], method: str, path: str, function: Callable[..., Any], said: Said, **options: Any
) -> None:
    """Declare a function, which takes its arguments by name, as the operation that is said."""
    given: Parameters = [("call", CallOf, REQUIRED), *said.parameters]
    required = [_parameter(*each) for each in given if each[2] is REQUIRED]
    optional = [_parameter(*each) for each in given if each[2] is not REQUIRED]
    function.__name__ = function.__qualname__ = said.name
    function.__doc__ = said.doc
    function.__annotations__ = {name: kind for name, kind, _ in given} | {"return": said.returns}
    function.__signature__ = inspect.Signature([*required, *optional], return_annotation=said.returns)
    getattr(group, method.lower())(path, **options)(function)


def as_shown(group: Operations[Any], units: Mapping[str, Compiled]) -> Operations[Any]:
    """Return hand-written operations; those that return a resource's struct now return it as replies show it."""
    shown = {unit.plan.resource.struct: unit.plan.shapes.shown for unit in units.values()}
    made: Operations[Any] = Operations(group.name, group.title)
    made.declared = [msgspec.structs.replace(each, returns=shown.get(_returned(each))) for each in group.declared]
    return made


def _returned(operation: Operation) -> Any:
    try:
        return get_type_hints(operation.function).get("return")
    except Exception:  # noqa: BLE001 - whoever compiles the operation says what is wrong with its annotations
        return None


def _parameter(name: str, kind: Any, default: Any) -> inspect.Parameter:
    empty = inspect.Parameter.empty if default is REQUIRED else default
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=empty, annotation=kind)


def base_of(call: Call[Any]) -> str:
    """Return the origin that the client asked, for absolute addresses in its reply."""
    scheme = "https" if call.header("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{call.header('host') or 'localhost'}"
