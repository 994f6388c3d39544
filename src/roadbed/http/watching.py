"""What an operation needs to offer a feed's changes as an event stream.

::

    @operations.get("/notes/events", produces=EVENT_STREAM, raises=[Gone])
    async def events(call: Call[Notes], last_event_id: LastEventId = None, after: Position = None) -> Reply:
        \"""Watch notes.\"""
        return await watch(call.service.hub, None, last_event_id, after)

A stream begins with the position where it stands (``id:`` without an event), so that a client that was told nothing yet
also goes on where it was. An event is named after the kind of its change.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec

from roadbed.http.channels import EVENT_STREAM, Channel
from roadbed.http.hub import Event, Hub, Matches
from roadbed.http.operations import Header
from roadbed.http.reply import Reply

__all__ = ["EVENT_STREAM", "Event", "Hub", "LastEventId", "Matches", "Position", "Prefix", "watch"]

Position = Annotated[int, msgspec.Meta(ge=0)] | None
"""A number of a feed, as a query parameter."""

LastEventId = Annotated[Annotated[int, msgspec.Meta(ge=0)] | None, Header("Last-Event-ID")]
"""The last event that a client has seen: browsers send it by themselves when they come again."""

# Nginx would keep events back until its buffer is full.
_HEADERS = {"X-Accel-Buffering": "no"}


class Prefix(msgspec.Struct, frozen=True):
    """Wants the changes of all keys that begin with a text."""

    text: str

    def __call__(self, event: Event) -> bool:
        """Tell whether an event is wanted."""
        return event.change.key.startswith(self.text)


async def watch(hub: Hub, matches: Matches | None = None, *positions: int | None) -> Reply:
    """Answer with the changes of a feed after the first of ``positions`` that is not None, or from now on.

    ``matches`` chooses among them; it is called in the event loop, so it must be quick.

    Raises:
        Gone: what came after that position is not kept any more, or it is none.
    """
    position = await hub.start_at(next((number for number in positions if number is not None), None))
    channel = Channel(partial(hub.follow, position=position, matches=matches))
    channel.feed = hub.feed
    return Reply(body=channel, media_type=EVENT_STREAM, headers=_HEADERS)
