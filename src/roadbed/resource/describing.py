"""What a resource says of itself to programs: enough to make a table, a form and the buttons of its statuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from roadbed.http.parameters import REQUIRED
from roadbed.resource.domain import Domain
from roadbed.resource.fields import LONGEST_TEXT, Field
from roadbed.resource.listing import filters_of
from roadbed.resource.naming import in_one_line
from roadbed.resource.plan import Plan, make_plans

_BOUNDS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")


class ReferenceDescription(msgspec.Struct, frozen=True):
    """Where the value of a field leads: the key of a row of another resource, and what its deletion does here.

    ``path`` is where that resource lies, such as ``/books``; ``label`` its field that people know a row by.
    """

    resource: str
    on_delete: str
    path: str
    label: str


class MoneyDescription(msgspec.Struct, frozen=True):
    """An amount in minor units; ``currency`` is the field of the same row that holds the ISO 4217 code."""

    currency: str


class FieldDescription(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field, in the order of the declaration.

    ``type`` is one of uuid, text, integer, real, flag, instant and json. ``bounds`` are those of msgspec.Meta
    (``ge``, ``max_length`` …). ``required``: a create must give it. ``writable``: a create or a patch may.
    ``format`` is that of a json field whose values are texts of one kind, such as ``date`` (JSON Schema's words).
    ``secret``: the reply to a create alone shows it. ``multiline``: a text of several lines. ``money``: an amount.
    """

    name: str
    label: str
    type: str
    format: str = ""
    description: str = ""
    bounds: Mapping[str, int | float | str] = {}
    choices: Sequence[str] = ()
    default: Any = None
    required: bool = False
    optional: bool = False
    key: bool = False
    writable: bool = False
    changeable: bool = False
    computed: bool = False
    secret: bool = False
    unique: bool = False
    sortable: bool = False
    multiline: bool = False
    money: MoneyDescription | None = None
    reference: ReferenceDescription | None = None


class StatusDescription(msgspec.Struct, frozen=True):
    """A status machine: its field, where a row begins, and what may follow each status."""

    field: str
    first: str
    allowed: Mapping[str, Sequence[str]]


class ResourceDescription(msgspec.Struct, frozen=True):
    """One resource. ``title`` is a heading, ``singular`` one of its rows within a sentence, ``label`` the field that
    people know a row by.

    ``order`` is a field, with ``-`` before it for downwards; ``filters`` are parameters of its list.

    ``limit`` is the size of a page where none is asked for; ``most`` the rows that there may be, 0 for any.
    """

    name: str
    title: str
    singular: str
    label: str
    path: str
    description: str
    verbs: Sequence[str]
    key: str
    fields: Sequence[FieldDescription]
    order: str
    filters: Sequence[str]
    search: Sequence[str]
    unique: Sequence[Sequence[str]]
    history: bool
    events: bool
    cache: bool
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    most: Annotated[int, msgspec.Meta(ge=0)]
    statuses: StatusDescription | None


class DomainDescription(msgspec.Struct, frozen=True):
    """One domain. ``resources`` is empty where all operations were written by hand."""

    name: str
    title: str
    page: str
    resources: Sequence[ResourceDescription]


def describe_domains(domains: Iterable[Domain[Any]]) -> list[DomainDescription]:
    """Return the descriptions of domains, in order."""
    return [
        DomainDescription(
            domain.name,
            domain.title,
            domain.page,
            [_resource(plan) for plan in make_plans(domain.name, domain.resources)],
        )
        for domain in domains
    ]


def _resource(plan: Plan) -> ResourceDescription:
    resource = plan.resource
    statuses = None
    if resource.statuses is not None and plan.status is not None:
        allowed = {status: resource.statuses.after(status) for status in plan.status.choices}
        statuses = StatusDescription(plan.status.name, _plain(plan.status.default), allowed)
    return ResourceDescription(
        name=plan.name,
        title=plan.names.title,
        singular=plan.names.singular,
        label=plan.label.name,
        path=resource.path,
        description=in_one_line(resource.struct.__doc__ or ""),
        verbs=tuple(resource.verbs),
        key=plan.key.name,
        fields=[_field(plan, field) for field in plan.fields],
        order=resource.order,
        filters=tuple(filters_of(plan)),
        search=plan.searched,
        unique=plan.uniques(),
        history=resource.history,
        events=resource.events,
        cache=resource.cache,
        limit=resource.limit,
        most=resource.most,
        statuses=statuses,
    )


def _field(plan: Plan, field: Field) -> FieldDescription:
    given, changeable = field in plan.given, field in plan.mutable
    bounds = {name: field.bound(name) for name in _BOUNDS if field.bound(name) is not None}
    if field.kind == "text" and not field.choices:
        bounds.setdefault("max_length", LONGEST_TEXT)
    money = None if field.minor_units is None else MoneyDescription(field.minor_units.currency)
    return FieldDescription(
        name=field.name,
        label=field.label,
        type="text" if field.kind == "digest" else field.kind,
        format=_format(field),
        description=in_one_line(field.description),
        bounds=bounds,
        choices=field.choices,
        default=None if field.default is REQUIRED else _plain(field.default),
        required=given and field.default is REQUIRED,
        optional=field.optional,
        key=field.key,
        writable=given or changeable,
        changeable=changeable,
        computed=field.computed is not None,
        secret=field.secret is not None,
        unique=field.unique,
        sortable=field.name in plan.sortable,
        multiline=field.multiline,
        money=money,
        reference=_reference(plan, field),
    )


def _format(field: Field) -> str:
    if field.kind != "json":
        return ""
    schema = msgspec.json.schema(field.annotation)
    return schema.get("format", "") if schema.get("type") == "string" else ""


def _reference(plan: Plan, field: Field) -> ReferenceDescription | None:
    if field.reference is None:
        return None
    parent = next(parent for each, parent in plan.parents if each is field)
    return ReferenceDescription(parent.name, field.reference.on_delete, parent.resource.path, parent.label.name)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
