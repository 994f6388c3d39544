"""The plan of a resource: everything that its declaration comes to, worked out once at start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from roadbed.http.limits import MAX_PAGE
from roadbed.http.parameters import REQUIRED
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.declaration import Lapse, Resource
from roadbed.resource.fields import MANAGED, Field, read_fields
from roadbed.resource.shapes import Shapes, make_shapes

LONGEST_TABLE = 48
"""Characters in the name of a table: PostgreSQL cuts names at 63, and constraints add to them."""

_PATH = re.compile(r"(?:/[a-z0-9][a-z0-9_-]*)+\Z")


class Plan:
    """One resource, compiled. ``referred`` are the fields of resources that refer to this one, each with its plan."""

    def __init__(self, domain: str, resource: Resource[Any], fields: list[Field]) -> None:
        self.domain = domain
        self.resource = resource
        self.name = resource.called
        self.title = resource.title or self.name.replace("_", " ").capitalize()
        self.table = self.name if self.name.startswith(f"{domain}_") or self.name == domain else f"{domain}_{self.name}"
        self.feed = self.table
        self.fields = fields
        self.by_name = {field.name: field for field in fields}
        self.key = next(field for field in fields if field.key)
        self.stored = [field for field in fields if field.stored and field.name not in MANAGED]
        self.secrets = [field for field in self.stored if field.secret is not None]
        status = resource.statuses.field if resource.statuses else None
        self.status = None if status is None else self.by_name[status]
        self.given = [field for field in self.stored if self._is_given(field)]
        self.lapse, self.lapsing = _lapse(resource)
        self.mutable = [field for field in self.stored if not field.key and not field.read_only]
        self.shapes: Shapes = make_shapes(resource.struct, fields, self.given, self.mutable)
        self.columns = self.shapes.columns
        self.types: dict[str, Field] = {field.name: field for field in self.stored} | _managed()
        self.searched = tuple(resource.search)
        self.sortable = self._sortable()
        self.parents: list[tuple[Field, Plan]] = []
        self.referred: list[tuple[Field, Plan]] = []

    @property
    def makes_keys(self) -> bool:
        """Whether the service makes the key of a new row."""
        return self.key.kind == "uuid"

    @property
    def kept_by(self) -> str:
        """The feed by whose number replies to reads are kept, or an empty text where none are."""
        return self.feed if self.resource.cache else ""

    def uniques(self) -> list[tuple[str, ...]]:
        """Return the groups of fields that no two rows share, the key left out."""
        single = [(field.name,) for field in self.stored if field.unique and not field.key]
        return single + [tuple(group) for group in self.resource.unique]

    def _is_given(self, field: Field) -> bool:
        if field.key:
            return not self.makes_keys
        return not field.read_only and field is not self.status

    def _sortable(self) -> tuple[str, ...]:
        if self.resource.sort is not None:
            named = [*self.resource.sort, self.resource.order.lstrip("-")]
            return tuple(dict.fromkeys(named))
        return tuple(name for name, field in self.types.items() if field.ordered and not field.optional)


def _managed() -> dict[str, Field]:
    return {
        "version": Field(name="version", kind="integer", annotation=int, read_only=True, label="Version"),
        "created_at": Field(name="created_at", kind="instant", annotation=MANAGED["created_at"], read_only=True),
        "updated_at": Field(name="updated_at", kind="instant", annotation=MANAGED["updated_at"], read_only=True),
    }


def _lapse(resource: Resource[Any]) -> tuple[Lapse | None, frozenset[str]]:
    """Return what time brings, and the statuses of rows that it comes to."""
    lapse = resource.statuses.lapse if resource.statuses else None
    if resource.statuses is None or lapse is None:
        return None, frozenset()
    return lapse, frozenset(each for each, after in resource.statuses.allowed.items() if lapse.status in after)


def make_plans(domain: str, resources: Sequence[Resource[Any]]) -> list[Plan]:
    """Return the plans of a domain's resources, linked by their references.

    Raises:
        ConfigurationError: something is wrong with a declaration; ``problems`` names class and field of all of it.
    """
    problems: list[str] = []
    plans: dict[str, Plan] = {}
    for resource in resources:
        where = f"{domain}: {getattr(resource.struct, '__name__', resource.struct)!s}"
        before = len(problems)
        if not (isinstance(resource.struct, type) and issubclass(resource.struct, msgspec.Struct)):  # pyright: ignore[reportUnnecessaryIsInstance]
            problems.append(f"{where}: a resource's struct is a msgspec.Struct")
            continue
        fields = read_fields(resource.struct, where, problems)
        _check(resource, fields, where, problems)
        if len(problems) > before:
            continue
        plan = Plan(domain, resource, fields)
        if plan.name in plans:
            problems.append(f"{where}: the name {plan.name!r} is taken by another resource of the domain")
        if len(plan.table) > LONGEST_TABLE:
            problems.append(f"{where}: the table's name {plan.table!r} has more than {LONGEST_TABLE} characters")
        plans[plan.name] = plan
    _link(plans, problems, complete=len(plans) == len(resources))
    if problems:
        raise ConfigurationError("Some resources are declared wrongly: " + "; ".join(problems), problems)
    return list(plans.values())


def _link(plans: dict[str, Plan], problems: list[str], *, complete: bool) -> None:
    for plan in plans.values():
        for field in plan.stored:
            if field.reference is None:
                continue
            parent = plans.get(field.reference.resource)
            where = f"{plan.domain}: {plan.resource.struct.__name__}.{field.name}"
            if parent is None:
                if complete:
                    problems.append(f"{where}: there is no resource {field.reference.resource!r} in this domain")
            elif parent.key.kind != field.kind:
                problems.append(f"{where}: the key of {parent.name!r} is of another type")
            else:
                plan.parents.append((field, parent))
                parent.referred.append((field, plan))


def _check(resource: Resource[Any], fields: list[Field], where: str, problems: list[str]) -> None:
    names = {field.name: field for field in fields}
    stored = {name for name, field in names.items() if field.stored}
    if _PATH.match(resource.path) is None:
        problems.append(f"{where}: path={resource.path!r} is no path such as /books")
    if not 1 <= resource.limit <= MAX_PAGE:
        problems.append(f"{where}: limit={resource.limit} is not within 1 and {MAX_PAGE}")
    order = resource.order.lstrip("-")
    for name in (order, *(resource.sort or ())):
        field = names.get(name)
        if name not in MANAGED and (field is None or not field.stored or not field.ordered or field.optional):
            problems.append(f"{where}: a list cannot be sorted by {name!r}: it needs a stored field that is never null")
    texts = {name for name in stored if names[name].kind == "text"}
    problems.extend(f"{where}: search={name!r} is no text field of it" for name in resource.search if name not in texts)
    for group in resource.unique:
        problems.extend(f"{where}: unique={name!r} is no stored field of it" for name in group if name not in stored)
    problems.extend(
        f"{where}.{name}: nobody can give a read-only field its first value: it needs a default, or null"
        for name, field in names.items()
        if field.read_only and field.stored and not (field.optional or field.secret or resource.fill)
        if field.default is REQUIRED
    )
    _check_statuses(resource, names, where, problems)


def _check_statuses(resource: Resource[Any], names: dict[str, Field], where: str, problems: list[str]) -> None:
    statuses = resource.statuses
    if statuses is None:
        return
    field = names.get(statuses.field)
    if field is None or not field.choices:
        problems.append(f"{where}: statuses: {statuses.field!r} is no field whose type is a Literal of texts")
        return
    if field.default not in field.choices:
        problems.append(f"{where}.{field.name}: the default is the status in which a row begins, and is missing")
    used = {*statuses.allowed, *(after for group in statuses.allowed.values() for after in group)}
    problems.extend(
        f"{where}: statuses: {status!r} is none of {', '.join(field.choices)}"
        for status in sorted(used - set(field.choices))
    )
    if statuses.lapse is not None:
        _check_lapse(resource, statuses.lapse, names, where, problems)


def _check_lapse(
    resource: Resource[Any], lapse: Lapse, names: dict[str, Field], where: str, problems: list[str]
) -> None:
    field = names.get(lapse.field)
    if field is None or not field.stored or field.kind != "instant":
        problems.append(f"{where}: lapse: {lapse.field!r} is no stored field of the type datetime")
    if not _lapse(resource)[1]:
        problems.append(f"{where}: lapse: no status allows {lapse.status!r} after it")
    if resource.cache:
        problems.append(f"{where}: lapse: what time alone changes cannot be cached until the next write")
