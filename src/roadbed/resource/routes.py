"""The operations of a resource, made from its plan: each is a typed async function, as a domain would write it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.idempotency import read_key
from roadbed.http.operations import Operations
from roadbed.http.paging import Page
from roadbed.http.parameters import REQUIRED
from roadbed.kernel.errors import Conflict, NotFound, PreconditionFailed
from roadbed.resource.compiled import Compiled
from roadbed.resource.done import Done
from roadbed.resource.listing import declare_list
from roadbed.resource.signatures import CallOf, Parameters, Said, base_of, declare
from roadbed.resource.statements import Past
from roadbed.resource.store import Store
from roadbed.resource.transfer.routes import declare_export, declare_import
from roadbed.resource.watching import declare_events
from roadbed.resource.writes import Asked

MERGE_PATCH = "application/merge-patch+json"

MOST_IN_BULK = 1000
"""Rows that one call creates."""


class Entry(msgspec.Struct, frozen=True):
    """One entry of a row's history: what it was and what it became. ``before`` is null for the first one."""

    version: Annotated[int, msgspec.Meta(description="The version that this made", examples=[1])]
    at: Any
    actor: str
    action: Literal["create", "change", "delete"]
    before: Any
    after: Any


class PastCursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page of a history ended: all that follows is before this version."""

    before: int


def operations(unit: Compiled) -> Operations[Store]:
    """Return the operations that a resource offers, over its store."""
    return _Routes(unit).make()


class _Routes:
    def __init__(self, unit: Compiled) -> None:
        self.unit, self.plan = unit, unit.plan
        self.path = self.plan.resource.path
        self.key = self.plan.key
        # Only what is computed asks for the origin.
        self.base: Callable[[CallOf], str] = base_of if unit.is_computed else lambda _: ""
        self.made: Operations[Store] = Operations(self.plan.name, self.plan.names.title)

    def make(self) -> Operations[Store]:
        verbs = self.plan.resource.verbs
        makers: dict[str, Callable[[], None]] = {
            "list": self.list,
            "create": self.create,
            "bulk": self.bulk,
            "get": self.get,
            "patch": self.patch,
            "delete": self.delete,
            "clear": self.clear,
        }
        for verb, maker in makers.items():
            if verb in verbs:
                maker()
        if "list" in verbs:
            declare_export(self.made, self.unit)
        if "create" in verbs or "patch" in verbs:
            declare_import(self.made, self.unit)
        if self.plan.resource.history:
            self.history()
        if self.plan.resource.events:
            declare_events(self.made, self.unit)
        if self.plan.status is not None:
            self.status()
        return self.made

    @property
    def one(self) -> str:
        return f"{self.path}/{{{self.key.name}}}"

    @property
    def by_key(self) -> Parameters:
        return [(self.key.name, self.key.annotation, REQUIRED)]

    def say(self, verb: str, what: str) -> tuple[str, str]:
        return f"{verb}_{self.plan.name}", what

    def shown(self, call: CallOf, done: Done) -> Any:
        """Return the reply to a write, with the fields that belong to it."""
        call.version, call.replayed = done.row.version, done.replayed
        return self.unit.show(done.row, self.base(call))

    def create(self) -> None:
        plan, unit = self.plan, self.unit
        names = tuple(field.name for field in plan.given)

        async def create(call: CallOf, body: Any) -> Any:
            values = {name: getattr(body, name) for name in names}
            done = await call.service.create(values, call.idempotency, sealing=sealing_of(call))
            key = quote(str(getattr(done.row, plan.key.name)), safe="")
            call.location, call.version, call.replayed = f"{plan.resource.path}/{key}", done.row.version, done.replayed
            return unit.show(done.row, self.base(call), done.secrets[0])

        self.declare(
            "POST",
            self.path,
            create,
            self.say("create", f"Create one of the {plan.names.plural}."),
            [("body", plan.shapes.new, REQUIRED)],
            plan.shapes.shown,
            status=201,
            raises=[Conflict],
            consumes=plan.resource.consumes,
        )

    def bulk(self) -> None:
        plan, unit = self.plan, self.unit
        names = tuple(field.name for field in plan.given)
        many = Annotated[list[plan.shapes.new], msgspec.Meta(min_length=1, max_length=MOST_IN_BULK)]

        async def bulk(call: CallOf, body: Any) -> Any:
            values = [{name: getattr(each, name) for name in names} for each in body]
            done = await call.service.create_many(values, call.idempotency, sealing=sealing_of(call))
            call.replayed = done.replayed
            base = self.base(call)
            return [unit.show(row, base, secrets) for row, secrets in zip(done.row, done.secrets, strict=True)]

        said = self.say(
            "create_many", f"Create up to {MOST_IN_BULK} of the {plan.names.plural}, all or none, in this order."
        )
        parameters: Parameters = [("body", many, REQUIRED)]
        shown = list[plan.shapes.shown]
        self.declare("POST", f"{self.path}/bulk", bulk, said, parameters, shown, status=201, raises=[Conflict])

    def get(self) -> None:
        unit, key = self.unit, self.key.name
        plan = self.plan

        async def get(call: CallOf, version: int | None = None, **found: Any) -> Any:
            if version is not None:
                return await at_version(call, found[key], version)
            row, call.version = await call.service.look(found[key])
            return unit.show(row, self.base(call))

        async def at_version(call: CallOf, value: Any, version: int) -> Any:
            past = await call.service.at_version(value, version)
            if past is None or past.after is None:
                raise NotFound(f"The {plan.names.singular} {value} has no version {version}")
            call.version = version
            return unit.show(unit.past(past.after), self.base(call))

        parameters = list(self.by_key)
        if plan.resource.history:
            parameters.append(("version", int | None, None))
        said = self.say("get", f"Return one of the {plan.names.plural}.")
        self.declare("GET", self.one, get, said, parameters, plan.shapes.shown, raises=[NotFound], cache=plan.kept_by)

    def patch(self) -> None:
        plan, key = self.plan, self.key.name
        names = tuple(field.name for field in plan.mutable)

        async def patch(call: CallOf, body: Any, **found: Any) -> Any:
            given = {name: getattr(body, name) for name in names}
            sets = {name: value for name, value in given.items() if value is not msgspec.UNSET}
            done = await call.service.change(found[key], sets, asked_by(call), call.idempotency)
            call.version, call.replayed = done.row.version, done.replayed
            return self.unit.show(done.row, self.base(call))

        self.declare(
            "PATCH",
            self.one,
            patch,
            self.say("patch", f"Change one of the {plan.names.plural}.\n\nFields that are left out stay as they are."),
            [*self.by_key, ("body", plan.shapes.patch, REQUIRED)],
            plan.shapes.shown,
            raises=[NotFound, Conflict, PreconditionFailed],
            conditional=True,
            consumes=("application/json", MERGE_PATCH),
        )

    def status(self) -> None:
        plan, key, status = self.plan, self.key.name, self.plan.status
        assert status is not None  # noqa: S101 - for the type checker: the caller has looked
        name = status.name
        body_type = msgspec.defstruct(
            f"{plan.resource.struct.__name__}Status",
            [(name, status.annotation)],
            frozen=True,
            forbid_unknown_fields=True,
            namespace={"__doc__": "The status to go to."},
        )

        async def change_status(call: CallOf, body: Any, **found: Any) -> Any:
            sets = {name: getattr(body, name)}
            done = await call.service.move(found[key], sets, asked_by(call), call.idempotency)
            call.version, call.replayed = done.row.version, done.replayed
            return self.unit.show(done.row, self.base(call))

        said = self.say(
            "set_status_of", f"Change the status of one of the {plan.names.plural}, where its machine allows it."
        )
        self.declare(
            "POST",
            f"{self.one}/{name}",
            change_status,
            said,
            [*self.by_key, ("body", body_type, REQUIRED)],
            plan.shapes.shown,
            raises=[NotFound, Conflict, PreconditionFailed],
            conditional=True,
        )

    def delete(self) -> None:
        key = self.key.name

        async def delete(call: CallOf, **found: Any) -> None:
            done = await call.service.remove(found[key], asked_by(call), call.idempotency)
            call.replayed = done.replayed

        said = self.say("delete", f"Delete one of the {self.plan.names.plural}.")
        raises = [NotFound, Conflict, PreconditionFailed]
        self.declare(
            "DELETE", self.one, delete, said, self.by_key, type(None), status=204, raises=raises, conditional=True
        )

    def clear(self) -> None:
        async def clear(call: CallOf) -> None:
            done = await call.service.clear(asked_by(call), call.idempotency)
            call.replayed = done.replayed

        said = self.say("delete_all", f"Delete all of the {self.plan.names.plural}.")
        self.declare("DELETE", self.path, clear, said, [], type(None), status=204, raises=[Conflict])

    def history(self) -> None:
        key = self.key.name

        async def history(call: CallOf, page: Page[PastCursor], **found: Any) -> Listing[Entry]:
            before = 2**63 - 1 if page.after is None else page.after.before
            rows = await call.service.history(found[key], before, page.limit + 1)
            if not rows and page.after is None:
                raise call.service.missing(found[key])
            end = end_of(rows, page.limit)
            total = await call.service.count_history(found[key]) if page.total else None
            return Listing([entry(row) for row in rows[: page.limit]], end, total)

        said = self.say("history_of", f"Return what became of one of the {self.plan.names.plural}, newest first.")
        parameters: Parameters = [*self.by_key, ("page", Page[PastCursor], REQUIRED)]
        self.declare("GET", f"{self.one}/history", history, said, parameters, Listing[Entry], raises=[NotFound])

    def list(self) -> None:
        declare_list(self.made, self.unit, f"list_{self.plan.name}")

    def declare(
        self,
        method: str,
        path: str,
        function: Callable[..., Any],
        said: tuple[str, str],
        parameters: Parameters,
        returns: Any,
        **options: Any,
    ) -> None:
        """Declare an operation of the resource."""
        declare(self.made, method, path, function, Said(*said, parameters, returns), **options)


def end_of(rows: list[Past], limit: int) -> PastCursor | None:
    """Return where a page ends of rows that were read with a limit of one more."""
    return PastCursor(rows[limit - 1].version) if len(rows) > limit else None


def entry(past: Past) -> Entry:
    """Return an entry of a history as replies show it."""
    before = None if past.before is None else msgspec.Raw(past.before.encode())
    after = None if past.after is None else msgspec.Raw(past.after.encode())
    return Entry(past.version, past.at, past.actor, past.action, before, after)  # pyright: ignore[reportArgumentType]


def sealing_of(call: CallOf) -> bytes:
    """Return the key itself that makes a write safe to repeat: it seals the secrets of the reply."""
    given = call.fields.get(b"idempotency-key")
    return b"" if given is None else read_key(given)


def asked_by(call: CallOf) -> Asked:
    """Return who asks for a write, when, and under which preconditions."""
    return Asked(call.service.clock(), "anonymous", call.if_match, call.if_none_match)
