"""The plan of a resource: everything that its declaration comes to, worked out once at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.checks import PLATFORM_TABLES, check_indexes, check_resource, check_tables, lapse_of
from roadbed.resource.declaration import Resource
from roadbed.resource.fields import MANAGED, Field, read_fields
from roadbed.resource.naming import Names
from roadbed.resource.shapes import Shapes, make_shapes


class Plan:
    """One resource, compiled. ``referred`` are the fields of resources that refer to this one, each with its plan."""

    def __init__(self, domain: str, resource: Resource[Any], fields: list[Field]) -> None:
        self.domain = domain
        self.resource = resource
        self.name = resource.called
        self.names = Names(resource)
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
        self.lapse, self.lapsing = lapse_of(resource)
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

    @property
    def label(self) -> Field:
        """The field that people know a row by: as declared, or the first text that is never null, or the key."""
        named = self.by_name.get(self.resource.label)
        texts = (field for field in self.stored if field.kind == "text" and not field.choices)
        return named or next((field for field in texts if not field.optional and not field.key), self.key)

    def uniques(self) -> list[tuple[str, ...]]:
        """Return the groups of fields that no two rows share, the key left out."""
        single = [(field.name,) for field in self.stored if field.unique and not field.key]
        return single + [tuple(group) for group in self.resource.unique]

    def indexes(self) -> list[tuple[str, ...]]:
        """Return the groups of fields that have an index beside the key's and those of what is unique."""
        key, order = self.key.name, self.resource.order.lstrip("-")
        found = [] if order == key else [(order, key)]
        begins = {group[0] for group in self.uniques()} | {order, key}
        # What refers to a row is looked for when that row is deleted.
        wanted = [field.name for field in self.stored if field.indexed or field.reference is not None]
        return found + [(name, key) for name in wanted if name not in begins]

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


def make_plans(domain: str, resources: Sequence[Resource[Any]]) -> list[Plan]:
    """Return the plans of a domain's resources, linked by their references.

    Raises:
        ConfigurationError: something is wrong with a declaration; ``problems`` names class and field of all of it.
    """
    problems: list[str] = []
    plans: dict[str, Plan] = {}
    taken: set[str] = set(PLATFORM_TABLES)
    for resource in resources:
        where = f"{domain}: {getattr(resource.struct, '__name__', resource.struct)!s}"
        before = len(problems)
        if not (isinstance(resource.struct, type) and issubclass(resource.struct, msgspec.Struct)):  # pyright: ignore[reportUnnecessaryIsInstance]
            problems.append(f"{where}: a resource's struct is a msgspec.Struct")
            continue
        fields = read_fields(resource.struct, where, problems)
        check_resource(resource, fields, where, problems)
        if len(problems) > before:
            continue
        plan = Plan(domain, resource, fields)
        if plan.name in plans:
            problems.append(f"{where}: the name {plan.name!r} is taken by another resource of the domain")
        else:
            check_tables(plan.table, resource.history, taken, where, problems)
        check_indexes([(plan.key.name,), *plan.uniques(), *plan.indexes()], plan.types, where, problems)
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
