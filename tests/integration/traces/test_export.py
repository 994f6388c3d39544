"""A real service and a real collector: what is exported, what is not, and that nobody waits for it."""

import json
import socket
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.conftest import StartService
from tests.integration.traces.asking import PARENT, TRACE, TRACED, ask, variables
from tests.support.otlp import OtlpCollector, Seen
from tests.support.ports import free_port
from tests.support.service import Service
from tests.support.waiting import wait_until

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def lines(service: Service, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in service.logs().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def metric(service: Service, name: str) -> float:
    text = ask(service, "GET /metrics").body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


@pytest.fixture
def service(current_url: str, start_service: StartService, collector: OtlpCollector) -> Service:
    """A service on each engine in turn, every request of which is traced."""
    return start_service(database_url=current_url, env=variables(collector.endpoint))


def parts_of(spans: Mapping[str, Seen], whole: Seen) -> list[str]:
    return [span.name for span in sorted(spans.values(), key=lambda span: span.began) if span.parent == whole.id]


def test_a_write_is_one_tree(service: Service, collector: OtlpCollector, engine: str) -> None:
    account = str(uuid4())
    answer = ask(service, "POST /transactions", {"account_id": account, "amount": 5})
    assert answer.status == 201
    (request,) = collector.wait_for("POST /transactions")
    (flight,) = collector.wait_for("flight ledger_post")
    assert (request.trace, request.parent, request.kind, request.status) == (answer.trace, "", 2, 0)
    assert (flight.trace, flight.parent, flight.links) == (request.trace, request.id, [(request.trace, request.id)])
    assert request.links == [(flight.trace, flight.id)]
    spans = collector.trace(answer.trace)
    statements = parts_of(spans, flight)
    assert statements[-1:] == (["COMMIT"] if engine == "sqlite" else ["ledger_post"])
    assert all(request.began <= span.began <= span.ended <= request.ended for span in spans.values())
    told = {name: request.attributes.get(name) for name in ("http.route", "http.response.status_code", "url.path")}
    assert told == {"http.route": "/transactions", "http.response.status_code": 201, "url.path": "/transactions"}
    assert account not in str(spans.values())


def test_the_routes_parameters_stay_names(service: Service, collector: OtlpCollector) -> None:
    ask(service, f"GET /accounts/{uuid4()}?at=2026-01-01T00:00:00Z")
    (span,) = collector.wait_for("GET /accounts/{account_id}")
    assert "2026" not in str(span.attributes)


def test_the_process_is_named(service: Service, collector: OtlpCollector) -> None:
    ask(service, "GET /ping")
    resource = collector.wait_for("GET /ping")[0].resource
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("roadbed", "development")
    assert len(resource["service.instance.id"]) == 36
    assert resource["service.version"]


def test_the_cache_is_told(service: Service, collector: OtlpCollector) -> None:
    for _ in range(2):
        ask(service, "GET /items")
    first, second = collector.wait_for("GET /items", 2)
    results = [span.attributes["roadbed.cache.result"] for span in (first, second)]
    assert results == ["miss", "hit"]
    assert first.notes == [("cache asked", {"roadbed.cache.resource": "items", "roadbed.cache.result": "miss"})]
    spans = collector.trace(first.trace)
    assert "shared read" in parts_of(spans, first)
    assert "shared read" not in parts_of(collector.trace(second.trace), second)


def test_log_lines_and_problems_name_the_trace(service: Service, collector: OtlpCollector) -> None:
    answer = ask(service, f"GET /accounts/{uuid4()}")
    assert (answer.status, answer.json()["trace_id"]) == (404, answer.trace)
    (span,) = collector.wait_for("GET /accounts/{account_id}")
    wait_until(lambda: any(line.get("trace_id") == answer.trace for line in lines(service, "request")), "a line")
    (line,) = [line for line in lines(service, "request") if line.get("trace_id") == answer.trace]
    assert (line["span_id"], span.attributes["roadbed.request_id"]) == (span.id, line["request_id"])
    assert (span.attributes["roadbed.problem"], span.status) == ("not-found", 0)


def test_a_traced_caller_is_the_parent(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint, sample="0"))
    answer = ask(service, "GET /ping", headers={"traceparent": TRACED, "tracestate": "rojo=1"})
    assert answer.headers["traceparent"] == TRACED
    (span,) = collector.wait_for("GET /ping")
    assert (span.trace, span.parent, span.state) == (TRACE, PARENT, "rojo=1")


def test_who_is_not_of_the_sample_leaves_nothing(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint, sample="0"))
    quiet = ask(service, "GET /ping")
    untraced = ask(service, "GET /ping", headers={"traceparent": TRACED[:-1] + "0"})
    ask(service, "POST /transactions", {"account_id": str(uuid4()), "amount": 5})
    # What comes last is exported: all before it would have been too.
    ask(service, "GET /status", headers={"traceparent": TRACED})
    collector.wait_for("GET /status")
    assert {span.trace for span in collector.spans} == {TRACE}
    assert ("traceparent" in quiet.headers, untraced.trace) == (False, TRACE)
    assert service.terminate() == 0
    assert {span.trace for span in collector.spans} == {TRACE}


def test_without_an_endpoint_nothing_is_traced(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env={"ROADBED_TRACE_SAMPLE": "1"})
    answer = ask(service, f"GET /accounts/{uuid4()}")
    assert ("traceparent" in answer.headers, "trace_id" in answer.json()) == (False, False)
    told = ask(service, f"GET /accounts/{uuid4()}", headers={"traceparent": TRACED})
    assert (told.headers["traceparent"], told.json()["trace_id"]) == (TRACED, TRACE)
    assert service.terminate() == 0
    assert collector.requests == 0


def test_a_pipelined_request_is_no_part_of_the_one_before(
    start_service: StartService, collector: OtlpCollector
) -> None:
    service = start_service(env=variables(collector.endpoint, sample="0"))
    first = f"GET /ping HTTP/1.1\r\nHost: localhost\r\ntraceparent: {TRACED}\r\n\r\n"
    second = f"GET /transactions/{uuid4()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall((first + second).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.count(b"HTTP/1.1") == 2
    assert answer.lower().count(b"traceparent") == 1
    assert service.terminate() == 0
    assert [span.name for span in collector.spans] == ["GET /ping"]


def test_several_workers_export_each_for_itself(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint), arguments=("--workers", "2"))

    def both() -> bool:
        ask(service, "GET /ping")
        return len({span.resource["service.instance.id"] for span in collector.named("GET /ping")}) == 2

    wait_until(both, "spans of two workers")


def test_a_stop_hands_over_what_is_left(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint))
    for _ in range(50):
        ask(service, "GET /ping")
    assert service.terminate() == 0
    assert len(collector.named("GET /ping")) == 50


@pytest.mark.parametrize("trouble", ["away", "refuses", "busy", "hangs"])
def test_a_collector_in_trouble_troubles_nobody(
    start_service: StartService, collector: OtlpCollector, trouble: str
) -> None:
    endpoint = collector.endpoint if trouble != "away" else f"http://127.0.0.1:{free_port()}"
    collector.status = {"refuses": 401, "busy": 503}.get(trouble, 200)
    collector.delay = 3600.0 if trouble == "hangs" else 0.0
    patience = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1.5"}
    service = start_service(env=variables(endpoint, trace_queue="64") | patience)
    account = str(uuid4())
    for amount in range(1, 101):
        assert ask(service, "POST /transactions", {"account_id": account, "amount": amount}).status == 201
    assert ask(service, f"GET /accounts/{account}").json()["balance"] == 5050
    wait_until(lambda: metric(service, "roadbed_spans_dropped_total{") > 0, "dropped spans")
    wait_until(lambda: lines(service, "Spans were dropped"), "a line that says so")
    assert service.terminate() == 0
    told = lines(service, "Spans were dropped")
    assert {line["reason"] for line in told} <= {"queue", "collector", "stop"}
    # One line in half a minute and kind is enough.
    assert len(told) <= 12
    assert "opentelemetry" not in service.logs()
    assert collector.spans == [] or trouble == "hangs"


def test_the_exporter_speaks_as_its_variables_say_and_logs_as_we_do(
    start_service: StartService, collector: OtlpCollector
) -> None:
    compression = {"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}
    service = start_service(env=variables(collector.endpoint) | compression)
    ask(service, "GET /ping")
    collector.wait_for("GET /ping")
    assert collector.headers["content-encoding"] == "gzip"
    assert service.terminate() == 0
    (line,) = lines(service, "Invalid timeout value 'soon', using default of 10 seconds")
    told = {name: line[name] for name in ("level", "service", "env", "logger")}
    assert told == {
        "level": "warning",
        "service": "roadbed",
        "env": "development",
        "logger": "opentelemetry.exporter.otlp.proto.http._common",
    }


def test_exemplars_lead_to_traces(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint, sample="0"))
    ask(service, "GET /ping")
    ask(service, "GET /ping", headers={"traceparent": TRACED})
    answer = ask(service, "GET /metrics", headers={"accept": OPENMETRICS})
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    found = [
        (sample.labels["route"], sample.exemplar.labels)
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.exemplar is not None
    ]
    assert found == [("/ping", {"trace_id": TRACE})]
    assert b"# {" not in ask(service, "GET /metrics").body


def test_with_several_workers_there_are_no_exemplars(start_service: StartService, collector: OtlpCollector) -> None:
    service = start_service(env=variables(collector.endpoint), arguments=("--workers", "2"))
    ask(service, "GET /ping")
    answer = ask(service, "GET /metrics", headers={"accept": OPENMETRICS})
    families = list(text_string_to_metric_families(answer.body.decode()))
    assert "roadbed_http_request_duration_seconds" in {family.name for family in families}
    assert [sample for family in families for sample in family.samples if sample.exemplar] == []


def test_a_header_for_the_collector_comes_from_a_file(
    start_service: StartService, collector: OtlpCollector, tmp_path: Any
) -> None:
    secret = tmp_path / "headers"
    secret.write_text("api-key=hidden-value\n")
    service = start_service(env=variables(collector.endpoint, otlp_headers_file=str(secret)))
    ask(service, "GET /ping")
    collector.wait_for("GET /ping")
    assert collector.headers["api-key"] == "hidden-value"
    assert service.terminate() == 0
    assert "hidden-value" not in service.logs()
