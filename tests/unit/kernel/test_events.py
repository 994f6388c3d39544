"""An event reaches those who subscribed to exactly its type, in their order."""

import msgspec

from roadbed.kernel import events as module
from roadbed.kernel.events import Events, FlightRetried, Notice, RequestShed


def test_a_subscriber_gets_the_event() -> None:
    events, got = Events(), list[object]()
    events.on(RequestShed, got.append)
    event = RequestShed("writer")
    events.emit(event)
    assert got == [event]


def test_subscribers_are_called_in_their_order() -> None:
    events, order = Events(), list[str]()
    events.on(RequestShed, lambda _: order.append("first"))
    events.on(RequestShed, lambda _: order.append("second"))
    events.emit(RequestShed("writer"))
    assert order == ["first", "second"]


def test_other_types_are_left_alone() -> None:
    events, got = Events(), list[object]()
    events.on(RequestShed, got.append)
    events.emit(FlightRetried("post", "40001"))
    assert got == []


def test_nobody_need_listen() -> None:
    events = Events()
    events.emit(RequestShed("writer"))
    assert events.subscribers(RequestShed) == []


def test_the_list_of_subscribers_is_live() -> None:
    events, got = Events(), list[object]()
    kept = events.subscribers(RequestShed)
    events.on(RequestShed, got.append)
    for subscriber in kept:
        subscriber(RequestShed("writer"))
    assert got == [RequestShed("writer")]


def test_registers_do_not_share_subscribers() -> None:
    one, other, got = Events(), Events(), list[object]()
    one.on(RequestShed, got.append)
    other.emit(RequestShed("writer"))
    assert got == []


def test_every_event_is_a_frozen_struct_with_words() -> None:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    loose = [kind.__name__ for kind in kinds if not kind.__struct_config__.frozen or not kind.__doc__]
    assert (len(kinds) >= 8, loose) == (True, [])


def test_notices_do_not_share_their_fields() -> None:
    first, second = Notice("info", "one"), Notice("info", "two")
    first.fields["added"] = 1
    assert second.fields == {}
