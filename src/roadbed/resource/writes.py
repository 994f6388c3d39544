"""What a write does, decided once for both engines, as steps (``steps.py``).

All that can be refused of a single row is refused before the first row is written, so a refusal inside a flight
disturbs no other item of it. What writes several rows is driven inside a savepoint.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec

from roadbed.data.changes import BUMP, LOG
from roadbed.data.queries import Query
from roadbed.kernel.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed
from roadbed.kernel.ids import new_id
from roadbed.resource.compiled import Compiled
from roadbed.resource.declaration import Action, Hook, Write
from roadbed.resource.recording import change_of, past_of
from roadbed.resource.statements import MOST_TOGETHER
from roadbed.resource.steps import Ask, Call, Steps

NO_KEYS = frozenset({".", "..", "bulk", "events", "export", "import"})
"""Texts that no key can be: clients take the first two out of a path, the others are operations of their own."""

_Place = tuple[str, Any]  # table and key of a row


class Asked(msgspec.Struct, frozen=True):
    """Who asks for a write, when, and under which preconditions (versions)."""

    at: datetime
    actor: str = "anonymous"
    if_match: Container[int] | None = None
    if_none_match: Container[int] | None = None


def create(unit: Compiled, values: Mapping[str, Any], asked: Asked) -> Steps:
    """Write a new row; ``values`` hold what was given, by name, as the API types have it.

    Raises:
        Conflict: a unique value is taken, the row that is referred to is missing, the resource is full.
    """
    row = yield from _prepare(unit, values, asked)
    return (yield from _insert(unit, row, (yield from _next_version(unit)), asked))


def create_many(unit: Compiled, several: Sequence[Mapping[str, Any]], asked: Asked) -> Steps:
    """Write new rows, all or none. Raises as ``create`` does, naming the row by its place."""
    rows: list[Any] = []
    keys: set[Any] = set()
    for index, values in enumerate(several):
        with _naming(index):
            row = yield from _prepare(unit, values, asked, keys)
        rows.append(row)
        keys.add(getattr(row, unit.plan.key.name))
    first = (yield from _next_version(unit, len(rows))) - len(rows) + 1
    for index, row in enumerate(rows):
        with _naming(index):
            yield from _insert(unit, row, first + index, asked)
    return rows


def _prepare(unit: Compiled, values: Mapping[str, Any], asked: Asked, coming: Container[Any] = ()) -> Steps:
    """Make a new row of what was given, look what stands in its way, and hold the rows that it refers to.

    ``coming`` are the keys of rows that will be there before it.
    """
    plan = unit.plan
    if plan.resource.fill is not None:
        values = {**values, **(yield from plan.resource.fill(values, asked.at))}
    stored = unit.first_values(values, asked.at)
    if stored[plan.key.name] in NO_KEYS:
        raise Invalid(faults=[Fault(f"/{plan.key.name}", "This one has another meaning in a path")])
    if plan.makes_keys and stored[plan.key.name] is None:
        stored[plan.key.name] = new_id()
    yield from check_row(unit, stored, stored, coming)
    if not plan.makes_keys:
        taken = yield Ask("one", unit.sql.read, {plan.key.name: stored[plan.key.name]})
        if taken is not None:
            raise _taken(f"There is a row with this {plan.key.name} already", [plan.key.name])
    row = unit.row(stored)
    yield from _hook(plan.resource.before, "create", None, row, asked)
    return row


def _insert(unit: Compiled, row: Any, version: int, asked: Asked) -> Steps:
    resource = unit.plan.resource
    if resource.most:
        # Counted under the lock of the feed: whoever else adds a row waits for it.
        held = yield Ask("one", unit.sql.count, {})
        if held.total >= resource.most:
            raise Conflict(f"There are {resource.most} rows already, and no more may be", "resource-full")
    row.version = version
    if not (yield Ask("do", unit.sql.insert, unit.stored_values(row))):
        raise Conflict("Another row has one of these values already", "duplicate")
    yield from _record(unit, "create", None, row, asked)
    yield from _hook(resource.after, "create", None, row, asked)
    return row


@contextmanager
def _naming(index: int) -> Generator[None]:
    """Tell in what is refused which of several rows it is."""
    try:
        yield
    except Conflict as conflict:
        faults = [fault.below(f"/{index}") for fault in conflict.faults]
        raise Conflict(f"/{index}: {conflict.detail}", conflict.kind, faults) from None
    except Invalid as invalid:
        raise Invalid(faults=[fault.below(f"/{index}") for fault in invalid.faults]) from None


def clear(unit: Compiled, asked: Asked) -> Steps:
    """Delete all rows, as ``remove`` deletes one.

    Raises:
        Conflict: there are too many, or rows refer to one that forbid it.
    """
    rows = yield Ask("all", unit.sql.some, {})
    if len(rows) > MOST_TOGETHER:
        raise Conflict(f"There are more than {MOST_TOGETHER} rows", "too-many")
    for row in rows:
        key = getattr(row, unit.plan.key.name)
        # It may have gone along with one before it.
        if (yield Ask("one", unit.sql.read, {unit.plan.key.name: key})) is not None:
            yield from remove(unit, key, asked)
    return rows


def move(unit: Compiled, key: Any, sets: Mapping[str, Any], asked: Asked) -> Steps:
    """Go to another status. Raises as ``change`` does; the present status may not follow itself."""
    before = yield from _locked(unit, key, asked, unit.sql.lock)
    new = unit.encoded(sets)
    check_status(unit, unit.values(before), new)
    return (yield from _rewrite(unit, before, new, asked))


def change(unit: Compiled, key: Any, sets: Mapping[str, Any], asked: Asked) -> Steps:
    """Change some fields of a row. Nothing to change leaves the row, and its version, as they are.

    Raises:
        NotFound: there is no such row.
        PreconditionFailed: its version is none of ``if_match``, or one of ``if_none_match``.
        Conflict: a unique value is taken, the row that is referred to is missing, the status may not follow.
    """
    before = yield from _locked(unit, key, asked, unit.sql.lock)
    stored = unit.values(before)
    new = {name: value for name, value in unit.encoded(sets).items() if value != stored[name]}
    if not new:
        return before
    check_status(unit, stored, new)
    yield from check_row(unit, stored | new, new)
    return (yield from _rewrite(unit, before, new, asked))


def remove(unit: Compiled, key: Any, asked: Asked) -> Steps:
    """Delete a row, and do with those that refer to it what their references say.

    Raises:
        NotFound, PreconditionFailed: as for ``change``.
        Conflict: rows refer to it that forbid it, or too many go with it.
    """
    row = yield from _locked(unit, key, asked, unit.sql.lock_to_delete)
    doomed: dict[_Place, tuple[Compiled, Any]] = {}
    freed: dict[_Place, tuple[Compiled, Any, dict[str, Any]]] = {}
    yield from _gather(unit, row, doomed, freed)
    for place, (each, child, lost_references) in freed.items():
        if place not in doomed:
            yield from _rewrite(each, child, lost_references, asked)
    for each, lost in reversed(doomed.values()):
        yield from _hook(each.plan.resource.before, "delete", lost, None, asked)
        version = yield from _next_version(each)
        yield Ask("do", each.sql.delete, {each.plan.key.name: getattr(lost, each.plan.key.name)})
        yield from _record(each, "delete", lost, None, asked, version)
        yield from _hook(each.plan.resource.after, "delete", lost, None, asked)
    return row


def check_status(unit: Compiled, stored: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse a status that may not follow the present one.

    Raises:
        Conflict: the detail lists those that may.
    """
    status = unit.plan.status
    if status is None or status.name not in new:
        return
    machine = unit.plan.resource.statuses
    present = stored[status.name]
    allowed = machine.after(present) if machine else ()
    if new[status.name] not in allowed:
        listed = ", ".join(allowed) or "nothing: it is final"
        raise Conflict(f"After {present!r} may come {listed}", "status-not-allowed")


def _rewrite(unit: Compiled, before: Any, new: Mapping[str, Any], asked: Asked) -> Steps:
    resource = unit.plan.resource
    # It never goes back: the clock of this process may be behind the one that wrote before.
    at = max(asked.at, before.updated_at)
    after = unit.row({**unit.values(before), **new, "updated_at": at})
    yield from _hook(resource.before, "change", before, after, asked)
    after.version = yield from _next_version(unit)
    yield Ask("do", unit.sql.update, unit.stored_values(after))
    yield from _record(unit, "change", before, after, asked)
    yield from _hook(resource.after, "change", before, after, asked)
    return after


def _locked(unit: Compiled, key: Any, asked: Asked, lock: Query[Any]) -> Steps:
    row = yield Ask("one", lock, {unit.plan.key.name: key})
    if row is None:
        raise NotFound(f"There is no {unit.plan.names.singular} {key}")
    if asked.if_match is not None and row.version not in asked.if_match:
        raise PreconditionFailed(f"The version is {row.version}")
    if asked.if_none_match is not None and row.version in asked.if_none_match:
        raise PreconditionFailed(f"The version is {row.version}")
    return unit.as_of(row, asked.at)


def _gather(
    unit: Compiled,
    row: Any,
    doomed: dict[_Place, tuple[Compiled, Any]],
    freed: dict[_Place, tuple[Compiled, Any, dict[str, Any]]],
) -> Steps:
    """Collect what goes with a row and what loses references; the row itself first."""
    place = _place(unit, row)
    if place in doomed:
        return
    doomed[place] = (unit, row)
    for field, child, children in unit.children():
        rows = yield Ask("all", children, {"value": place[1]})
        others = [each for each in rows if _place(child, each) not in doomed]
        if others and field.reference is not None and field.reference.on_delete == "restrict":
            raise Conflict(f"{child.plan.names.title} refer to it by {field.name}", "reference")
        if len(doomed) + len(freed) + len(others) > MOST_TOGETHER:
            raise Conflict(f"More than {MOST_TOGETHER} {child.plan.names.plural} refer to it", "reference")
        for each in others:
            if field.reference is not None and field.reference.on_delete == "cascade":
                yield from _gather(child, each, doomed, freed)
            else:
                # One row may refer by several fields: it is written once.
                freed.setdefault(_place(child, each), (child, each, {}))[2][field.name] = None


def _place(unit: Compiled, row: Any) -> _Place:
    return unit.plan.table, getattr(row, unit.plan.key.name)


def check_row(unit: Compiled, stored: Mapping[str, Any], new: Mapping[str, Any], coming: Container[Any] = ()) -> Steps:
    """Refuse values that are taken, and references that lead nowhere."""
    faults: list[Fault] = []
    for name, parent, exists in unit.sql.parents:
        value = new.get(name)
        if value is None or (parent is unit.plan and value in coming):
            continue
        if (yield Ask("one", exists, {"value": value})) is None:
            faults.append(Fault(f"/{name}", f"There is no {parent.names.singular} with this {parent.key.name}"))
    if faults:
        raise Invalid(faults=faults)
    for group, taken in unit.sql.uniques:
        if any(stored[name] is None for name in group) or not any(name in new for name in group):
            continue
        values = {name: stored[name] for name in group}
        if (yield Ask("one", taken, {**values, "roadbed_own_key": stored[unit.plan.key.name]})) is not None:
            raise _taken(f"Another row has this {' and '.join(group)} already", group)


def _taken(detail: str, names: Sequence[str]) -> Conflict:
    """Make the refusal of values that another row has; each of their fields is told of."""
    return Conflict(detail, "duplicate", [Fault(f"/{name}", detail) for name in names])


def _next_version(unit: Compiled, count: int = 1) -> Steps:
    """Return the version of the row that is about to be written, of several that of the last one.

    Whoever writes next waits from here on, so it comes as late as it can: after looks, hooks before and locks on rows.
    """
    bumped = yield Ask("one", BUMP, {"feed": unit.plan.feed, "count": count})
    return bumped.number


def _hook(hook: Hook | None, action: Action, before: Any, after: Any, asked: Asked) -> Steps:
    if hook is not None:
        yield Call(hook, Write(action, before, after, asked.actor))


def _record(unit: Compiled, action: Action, before: Any, after: Any, asked: Asked, version: int | None = None) -> Steps:
    """Write the history and the change of one row, where they are kept."""
    resource, row = unit.plan.resource, before if after is None else after
    number = row.version if version is None else version
    if resource.history:
        past = past_of(unit, action, before, after, asked.actor, asked.at)
        yield Ask("do", unit.sql.remember, past | {"version": number})
    if resource.events:
        yield Ask("do", LOG, change_of(unit, action, row, number, asked.at if after is None else after.updated_at))
