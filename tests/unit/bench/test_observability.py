"""What being seen costs: the variants, their comparison, and the collector that takes everything."""

import http.client
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench.harness.observability import OFF, SHIPPED, VARIANTS, WORKS, result_of
from bench.harness.otlp_sink import Sink, length_of
from bench.harness.parts import PARTS
from bench.harness.parts import VARIANTS as COUNTED
from bench.harness.plan import WORKS as KNOWN_WORKS
from bench.harness.roster import ROOT
from docs import speed
from tests.support.ports import free_port, is_listening
from tests.support.waiting import wait_until

RATES = {
    OFF: [1000.0, 800.0, 900.0],
    "metrics": [950.0, 760.0, 855.0],
    SHIPPED: [900.0, 720.0, 810.0],
    "and 1 % traced": [890.0, 712.0, 801.0],
    "and all traced": [500.0, 400.0, 450.0],
}


def test_every_part_of_it_has_a_work() -> None:
    assert set(WORKS) == {part.name for part in PARTS if part.measure == "observability"}
    assert set(WORKS.values()) <= set(KNOWN_WORKS)


def test_the_plan_counts_all_variants() -> None:
    assert (len(VARIANTS), [variant.name for variant in VARIANTS]) == (COUNTED, list(RATES))


def test_what_is_shipped_is_the_default() -> None:
    (shipped,) = [variant for variant in VARIANTS if variant.name == SHIPPED]
    assert shipped.settings == {}


def test_only_those_that_are_traced_send_spans() -> None:
    assert {variant.name for variant in VARIANTS if variant.traced} == {"and 1 % traced", "and all traced"}
    assert [
        variant.name for variant in VARIANTS if ("ROADBED_TRACE_SAMPLE" in variant.settings) != variant.traced
    ] == []


def test_each_is_compared_with_the_one_that_has_nothing() -> None:
    result = result_of("observability-get", RATES, {"MB of spans": 5.0})
    assert (result.ours, result.peer) == (RATES[SHIPPED], RATES[OFF])
    assert {name: round(value, 3) for name, value in result.facts.items()} == {
        "metrics ×": 0.95,
        f"{SHIPPED} ×": 0.9,
        "and 1 % traced ×": 0.89,
        "and all traced ×": 0.5,
        "MB of spans": 5.0,
        "spread of off ×": 1.25,
    }


def test_the_readme_gets_a_row_for_each() -> None:
    run = speed.msgspec.json.decode(speed.LATEST.read_bytes(), type=speed.Run)
    run.parts = [result_of(name, RATES, {}) for name in WORKS]
    rows = [line for line in speed.figures(run).splitlines() if "0.5 ×" in line or "0.50 ×" in line]
    assert [line.split("|")[1].strip() for line in rows] == ["create", "get by id"]


def test_a_run_without_it_says_nothing_of_it() -> None:
    run = speed.msgspec.json.decode(speed.LATEST.read_bytes(), type=speed.Run)
    run.parts = []
    assert "everything off" not in speed.figures(run)


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"POST /v1/traces HTTP/1.1\r\nContent-Length: 12\r\n\r\n", 12),
        (b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length:7\r\n\r\n", 7),
        (b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", 0),
    ],
)
def test_the_length_of_a_body(head: bytes, length: int) -> None:
    assert length_of(head) == length


def test_a_sink_counts_what_it_took() -> None:
    sink = Sink()
    for size in (3, 4):
        assert sink.answer(b"POST /v1/traces HTTP/1.1\r\n\r\n", b"x" * size).startswith(b"HTTP/1.1 200")
    assert (sink.requests, sink.answer(b"GET / HTTP/1.1\r\n\r\n", b"")[-1:]) == (2, b"7")


@pytest.fixture
def port() -> Iterator[int]:
    chosen = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.harness.otlp_sink", str(chosen)], cwd=ROOT)
    wait_until(lambda: is_listening(chosen), "the sink")
    yield chosen
    process.kill()
    process.wait()


def test_a_sink_answers_over_a_connection_that_stays(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(3):
        connection.request("POST", "/v1/traces", b"y" * 100_000)
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b"")
    connection.request("GET", "/")
    told = connection.getresponse().read()
    connection.close()
    assert told == b"300000"
