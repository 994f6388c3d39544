"""Exemplars: which request stands for a bucket, and how that shows in a scrape."""

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from roadbed.kernel.events import Events, RequestFinished, SpansDropped, SpansExported
from roadbed.runtime.exemplars import Example, Exemplars
from roadbed.runtime.measures import DURATIONS
from roadbed.runtime.metrics import Metrics

NOW = 1_700_000_000.0


def finished(trace: str = "a" * 32, duration: float = 0.003, **differently: str) -> RequestFinished:
    given = {"method": "GET", "route": "/x", "span": "b" * 16} | differently
    method, route, span = given["method"], given["route"], given["span"]
    return RequestFinished("id", method, route, "/x", 200, duration, "", 0, "", trace, "", span)


def seen(*events: RequestFinished) -> list[tuple[str, str, int, Example]]:
    bus, exemplars = Events(), Exemplars(lambda: NOW)
    exemplars.subscribe(bus)
    for event in events:
        bus.emit(event)
    return list(exemplars.take())


def test_a_traced_request_is_an_example_of_its_bucket() -> None:
    bucket = DURATIONS.index(0.005)
    assert seen(finished()) == [("/x", "GET", bucket, Example("a" * 32, 0.003, NOW))]


def test_who_is_not_traced_is_none() -> None:
    assert seen(finished(span="")) == []


def test_the_newest_stands_for_a_bucket() -> None:
    ((_, _, _, example),) = seen(finished("1" * 32), finished("2" * 32, 0.004))
    assert example == Example("2" * 32, 0.004, NOW)


def test_each_bucket_has_its_own() -> None:
    assert len(seen(finished(), finished(duration=0.2), finished(duration=1000.0), finished(route="/y"))) == 4


def test_a_bound_belongs_to_the_bucket_below() -> None:
    assert [bucket for _, _, bucket, _ in seen(finished(duration=0.005))] == [DURATIONS.index(0.005)]


def test_what_clients_invent_is_no_label() -> None:
    labels = {(route, method) for route, method, _, _ in seen(finished(route="", method="INVENTED"))}
    assert labels == {("unmatched", "OTHER")}


def test_what_was_taken_is_gone() -> None:
    bus, exemplars = Events(), Exemplars()
    exemplars.subscribe(bus)
    bus.emit(finished())
    assert (len(list(exemplars.take())), list(exemplars.take())) == (1, [])


class World:
    """Metrics of a service that is traced."""

    def __init__(self) -> None:
        self.events = Events()
        self.metrics = Metrics("1", "sqlite")
        self.metrics.subscribe(self.events)
        self.metrics.exemplify(self.events)

    async def samples(self) -> list[Sample]:
        text = (await self.metrics.exposition(openmetrics=True)).decode()
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def test_a_scrape_shows_them_in_their_bucket() -> None:
    world = World()
    world.events.emit(finished())
    (shown,) = [sample for sample in await world.samples() if sample.exemplar]
    assert (shown.name, shown.labels) == (
        "roadbed_http_request_duration_seconds_bucket",
        {"route": "/x", "method": "GET", "le": "0.005"},
    )
    assert shown.exemplar is not None
    assert (shown.exemplar.labels, shown.exemplar.value) == ({"trace_id": "a" * 32}, 0.003)


async def test_they_stay_until_there_are_newer_ones() -> None:
    world = World()
    for trace in ("1" * 32, "2" * 32):
        world.events.emit(finished(trace))
        for _ in range(2):
            found = [sample.exemplar for sample in await world.samples() if sample.exemplar]
            assert [each.labels["trace_id"] for each in found] == [trace]


async def test_the_text_format_has_no_room_for_them() -> None:
    world = World()
    world.events.emit(finished())
    assert b"# {" not in await world.metrics.exposition()


async def test_both_formats_count_alike() -> None:
    world = World()
    for _ in range(3):
        world.events.emit(finished())
    total = [sample for sample in await world.samples() if sample.name == "roadbed_http_requests_total"]
    assert [sample.value for sample in total] == [3.0]
    assert b'roadbed_http_requests_total{method="GET",route="/x",status="200"} 3.0' in await world.metrics.exposition()


async def test_spans_are_counted() -> None:
    world = World()
    for event in (SpansExported(5), SpansExported(2), SpansDropped(3, "queue", ""), SpansDropped(1, "stop", "")):
        world.events.emit(event)
    values = {
        (sample.name, sample.labels.get("reason", "")): sample.value
        for sample in await world.samples()
        if sample.name.startswith("roadbed_spans")
    }
    assert values == {
        ("roadbed_spans_exported_total", ""): 7.0,
        ("roadbed_spans_dropped_total", "queue"): 3.0,
        ("roadbed_spans_dropped_total", "stop"): 1.0,
    }


def test_with_several_workers_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, events = Metrics("1", "sqlite"), Events()
    monkeypatch.setattr(metrics, "_folder", "somewhere")
    metrics.exemplify(events)
    assert events.subscribers(RequestFinished) == []
