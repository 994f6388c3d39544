"""What may be wrong with a resource beside its fields: found at start, every mistake named with class and field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, get_args

from roadbed.http.limits import MAX_PAGE
from roadbed.http.parameters import REQUIRED
from roadbed.resource.declaration import Lapse, Resource, Verb
from roadbed.resource.fields import LONGEST_TEXT, MANAGED, Field

LONGEST_TABLE = 48
"""Characters in the name of a table: PostgreSQL cuts names at 63, and constraints add to them."""

WIDEST_INDEX = 2600
"""Bytes of an entry of an index. PostgreSQL refuses rows whose entry has more than a third of a page."""

PLATFORM_TABLES = frozenset(
    {"feed", "change", "idempotency", "alembic_version", "statistic"}
    | {f"statistic_{part}" for part in ("cache", "watch", "error", "storage", "duty", "figure")}
)

_PATH = re.compile(r"(?:/[a-z0-9][a-z0-9_-]*)+\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9_]*\Z")
_SEARCH = "search_text"
_BYTES_PER_CHARACTER = 4

# A handler's own arguments, and the columns of a history beside the key.
_NO_KEYS = frozenset({"call", "body", "page", "fields", "version", "limit", "before_version"})
_HISTORY = frozenset({"version", "at", "actor", "action", "before", "after"})


def check_resource(resource: Resource[Any], fields: list[Field], where: str, problems: list[str]) -> None:
    """Append what is wrong with a resource, its fields having been read."""
    names = {field.name: field for field in fields}
    stored = {name for name, field in names.items() if field.stored and name not in MANAGED}
    if _PATH.match(resource.path) is None:
        problems.append(f"{where}: path={resource.path!r} is no path such as /books")
    if _NAME.match(resource.called) is None:
        problems.append(f"{where}: name={resource.called!r} has other characters than a-z, 0-9 and _")
    if not 1 <= resource.limit <= MAX_PAGE:
        problems.append(f"{where}: limit={resource.limit} is not within 1 and {MAX_PAGE}")
    if resource.most < 0:
        problems.append(f"{where}: most={resource.most} is below 0, which stands for any number")
    verbs = get_args(Verb)
    problems.extend(f"{where}: verbs: {verb!r} is none of {', '.join(verbs)}" for verb in {*resource.verbs} - {*verbs})
    _check_orders(resource, names, where, problems)
    texts = {name for name in stored if names[name].kind == "text"}
    problems.extend(f"{where}: search={name!r} is no text field of it" for name in resource.search if name not in texts)
    for group in resource.unique:
        if not group or len(set(group)) < len(group):
            problems.append(f"{where}: unique={tuple(group)!r} names no field, or one twice")
        problems.extend(
            f"{where}: unique={name!r} is no stored field of it that could be compared"
            for name in group
            if name not in stored or names[name].kind == "json"
        )
    problems.extend(
        f"{where}.{name}: nobody can give a read-only field its first value: it needs a default, or null"
        for name, field in names.items()
        if field.read_only and field.stored and not (field.optional or field.secret or resource.fill)
        if field.default is REQUIRED and name not in MANAGED
    )
    _check_names(resource, fields, where, problems)
    _check_display(resource, names, where, problems)
    _check_statuses(resource, names, where, problems)


def check_tables(table: str, history: bool, taken: set[str], where: str, problems: list[str]) -> None:
    """Append what is wrong with the names of a resource's tables; they are added to those that are taken."""
    if len(table) > LONGEST_TABLE:
        problems.append(f"{where}: the table's name {table!r} has more than {LONGEST_TABLE} characters")
    for name in (table, f"{table}_history") if history else (table,):
        if name in taken:
            problems.append(f"{where}: the name of its table {name!r} is taken")
        taken.add(name)


def check_indexes(groups: Sequence[Sequence[str]], types: Mapping[str, Field], where: str, problems: list[str]) -> None:
    """Append the groups of fields whose index would refuse long values, which the API would have let pass."""
    for group in groups:
        width = sum(_width(types[name]) for name in group)
        if width > WIDEST_INDEX:
            longest = max(group, key=lambda name: _width(types[name]))
            problems.append(
                f"{where}.{longest}: an index over {' and '.join(group)} has no room for texts so long: together they "
                f"may have {WIDEST_INDEX // _BYTES_PER_CHARACTER} characters (Meta(max_length=...))"
            )


def _width(field: Field) -> int:
    if field.kind != "text" or field.choices:
        return 16
    return (field.bound("max_length") or LONGEST_TEXT) * _BYTES_PER_CHARACTER


def _check_orders(resource: Resource[Any], names: Mapping[str, Field], where: str, problems: list[str]) -> None:
    order = resource.order.removeprefix("-")
    for name in dict.fromkeys((order, *(resource.sort or ()))):
        field = names.get(name)
        if name not in MANAGED and (field is None or not field.stored or not field.ordered or field.optional):
            problems.append(f"{where}: a list cannot be sorted by {name!r}: it needs a stored field that is never null")


def _check_names(resource: Resource[Any], fields: list[Field], where: str, problems: list[str]) -> None:
    for field in fields:
        place = f"{where}.{field.name}"
        if field.name.startswith("roadbed_") or (resource.search and field.name == _SEARCH):
            problems.append(f"{place}: the platform needs this name for itself")
        if field.key and (field.name in _NO_KEYS or (resource.history and field.name in _HISTORY)):
            problems.append(f"{place}: a key cannot have this name: the platform needs it")


def _check_display(resource: Resource[Any], names: Mapping[str, Field], where: str, problems: list[str]) -> None:
    """Look at what is said for people alone."""
    if resource.label and (resource.label not in names or names[resource.label].secret):
        problems.append(f"{where}: label={resource.label!r} is no field of it that everybody may see")
    for field in names.values():
        place = f"{where}.{field.name}"
        if field.multiline and (field.kind != "text" or field.choices):
            problems.append(f"{place}: only a text has several lines")
        if field.minor_units is None:
            continue
        if field.kind != "integer":
            problems.append(f"{place}: an amount of minor units is an int")
        currency = names.get(field.minor_units.currency)
        if currency is None or currency.kind != "text":
            problems.append(f"{place}: its currency {field.minor_units.currency!r} is no text field beside it")


def _check_statuses(resource: Resource[Any], names: Mapping[str, Field], where: str, problems: list[str]) -> None:
    statuses = resource.statuses
    if statuses is None:
        return
    field = names.get(statuses.field)
    if field is None or not field.choices or not field.stored or field.optional:
        problems.append(f"{where}: statuses: {statuses.field!r} is no field whose type is a Literal of texts")
        return
    default = field.default.value if isinstance(field.default, Enum) else field.default
    if default not in field.choices:
        problems.append(f"{where}.{field.name}: the default is the status in which a row begins, and is missing")
    used = {*statuses.allowed, *(after for group in statuses.allowed.values() for after in group)}
    problems.extend(
        f"{where}: statuses: {status!r} is none of {', '.join(field.choices)}"
        for status in sorted(used - set(field.choices))
    )
    if statuses.lapse is not None:
        _check_lapse(resource, statuses.lapse, names, where, problems)


def lapse_of(resource: Resource[Any]) -> tuple[Lapse | None, frozenset[str]]:
    """Return what time brings, and the statuses of rows that it comes to."""
    lapse = resource.statuses.lapse if resource.statuses else None
    if resource.statuses is None or lapse is None:
        return None, frozenset()
    return lapse, frozenset(each for each, after in resource.statuses.allowed.items() if lapse.status in after)


def _check_lapse(
    resource: Resource[Any], lapse: Lapse, names: Mapping[str, Field], where: str, problems: list[str]
) -> None:
    field = names.get(lapse.field)
    if field is None or not field.stored or field.kind != "instant":
        problems.append(f"{where}: lapse: {lapse.field!r} is no stored field of the type datetime")
    if not lapse_of(resource)[1]:
        problems.append(f"{where}: lapse: no status allows {lapse.status!r} after it")
    if resource.cache:
        problems.append(f"{where}: lapse: what time alone changes cannot be cached until the next write")
