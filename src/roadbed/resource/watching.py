"""Watching a resource: its changes as an event stream, chosen by the filters of its list."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.http.watching import EVENT_STREAM, LastEventId, Position, watch
from roadbed.kernel.errors import Gone
from roadbed.resource.compiled import Compiled
from roadbed.resource.listing import LONGEST_SEARCH, as_arguments, filters_of, parameters_of, read_filters
from roadbed.resource.selection import wanted
from roadbed.resource.signatures import CallOf, Said, declare
from roadbed.resource.store import Store


def declare_events(group: Operations[Store], unit: Compiled) -> None:
    """Declare the event stream of a resource."""
    plan = unit.plan
    # What the log does not hold can be no filter.
    told = {*plan.by_name, "version"}
    asked = as_arguments({name: each for name, each in filters_of(plan).items() if each[0] in told})

    async def events(
        call: CallOf, last_event_id: int | None = None, after: int | None = None, q: str = "", **given: Any
    ) -> Reply:
        hub = call.service.hub
        assert hub is not None  # noqa: S101 - for the type checker: a store of what is watched has one
        return await watch(hub, wanted(unit, read_filters(asked, given), q), last_event_id, after)

    parameters: list[tuple[str, Any, Any]] = [("last_event_id", LastEventId, None), ("after", Position, None)]
    if plan.searched:
        parameters.append(("q", Annotated[str, msgspec.Meta(max_length=LONGEST_SEARCH)], ""))
    doc = f"""Watch {plan.names.plural}.

    Sends an event for each row that is created, changed or deleted, named ``create``, ``change`` or ``delete``, with
    the row as it became (of a deleted one: as it was), from now on, or after the event whose id is given. The filters
    are those of the list; a row that a change takes out of them is not told of.
    """
    said = Said(f"watch_{plan.name}", doc, [*parameters, *parameters_of(plan, asked)], Reply)
    declare(group, "GET", f"{plan.resource.path}/events", events, said, produces=EVENT_STREAM, raises=[Gone])
