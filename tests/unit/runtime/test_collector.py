"""A collector, spoken to over HTTP: what it takes and refuses, what is tried again, and an end of all patience."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer

import pytest

from roadbed.kernel.spans import Span
from roadbed.runtime.collector import Collector
from roadbed.runtime.otlp import Translation
from tests.support.otlp import OtlpCollector
from tests.support.ports import free_port
from tests.support.tracing import Kept
from tests.support.waiting import wait_until

LONG = 3600.0
"""Seconds for a batch: as many tries as there are. ``leave`` makes one of them."""

TAKEN = (0, "it refused them")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def some(number: int = 3) -> list[Span]:
    kept = Kept()
    return [kept.span() for _ in range(number)]


@contextmanager
def speaking_to(
    endpoint: str, timeout: float | None = LONG, headers: Mapping[str, str] | None = None
) -> Iterator[Collector]:
    with closing(Collector(endpoint, headers or {}, Translation({"service.name": "x"}, "1"), timeout)) as opened:
        yield opened


def sent_to(endpoint: str) -> tuple[int, str]:
    with speaking_to(endpoint) as there:
        return there.send(some())


@contextmanager
def answering(answer: bytes, times: int = 1) -> Iterator[str]:
    """Give the same answer so many times per connection, and close it; yields the address."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            for _ in range(times):
                head = iter(self.rfile.readline, b"\r\n")
                length = [int(line.split()[1]) for line in head if line.lower().startswith(b"content-length")]
                self.rfile.read(*length)
                self.wfile.write(answer)

    with TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_it_takes_spans(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint, headers={"api-key": "secret"}) as there:
        assert there.send(some()) == TAKEN
    assert [span.name for span in collector.spans] == ["GET /x"] * 3
    assert collector.paths == {"/v1/traces"}
    told = {name: collector.headers[name] for name in ("api-key", "content-type")}
    assert told == {"api-key": "secret", "content-type": "application/x-protobuf"}


def test_a_base_address_may_have_a_path(collector: OtlpCollector) -> None:
    sent_to(f"{collector.endpoint}/otlp/")
    assert collector.paths == {"/otlp/v1/traces"}


def test_requests_share_a_connection() -> None:
    # The server has no ear for a second one while the first is open.
    with answering(OK, times=2) as endpoint, speaking_to(endpoint) as there:
        assert [there.send(some(1)), there.send(some(1))] == [TAKEN, TAKEN]


@pytest.mark.parametrize(("told", "counted"), [(2, 2), (3, 3), (9, 3), (-1, 0)])
def test_it_tells_how_many_it_refused(collector: OtlpCollector, told: int, counted: int) -> None:
    collector.refused = told
    assert sent_to(collector.endpoint) == (counted, "it refused them")


def test_what_one_batch_lost_the_next_did_not(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint) as there:
        collector.refused = 2
        there.send(some())
        collector.refused, collector.status = 0, 400
        there.send(some())
        collector.status = 200
        assert there.send(some()) == TAKEN


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_what_refuses_is_not_asked_again(collector: OtlpCollector, status: int) -> None:
    collector.status = status
    with speaking_to(collector.endpoint) as there:
        lost, why = there.send(some())
    assert (lost, collector.requests, f"it answered {status}" in why) == (3, 1, True)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_who_sends_elsewhere_took_nothing(collector: OtlpCollector, status: int) -> None:
    collector.status = status
    lost, why = sent_to(collector.endpoint)
    assert (lost, collector.requests, f"it answered {status}" in why) == (3, 1, True)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_busy_is_asked_again(collector: OtlpCollector, status: int) -> None:
    collector.status = status
    with speaking_to(collector.endpoint) as there:
        collector.retry_after = "0.01"
        result: list[tuple[int, str]] = []
        sender = threading.Thread(target=lambda: result.append(there.send(some())))
        sender.start()
        wait_until(lambda: collector.requests > 1, "another try")
        collector.status = 200
        sender.join()
    assert result == [TAKEN]


def test_more_patience_than_there_is_time_for_is_a_failure(collector: OtlpCollector) -> None:
    collector.status, collector.retry_after = 503, "3600"
    with speaking_to(collector.endpoint) as there:
        assert there.send(some())[0] == 3
    assert collector.requests == 1


def test_nobody_there_is_a_failure() -> None:
    with speaking_to(f"http://127.0.0.1:{free_port()}") as there:
        there.leave()
        lost, why = there.send(some())
    assert (lost, "Connection refused" in why) == (3, True)


def test_who_does_not_answer_in_time_has_failed(collector: OtlpCollector) -> None:
    collector.delay = 60
    with speaking_to(collector.endpoint, 0.05) as there:
        lost, why = there.send(some())
    assert (lost, "timeout" in why) == (3, True)


def test_a_collector_that_came_back_is_spoken_to_again(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint) as there:
        collector.status = 500
        assert there.send(some())[0] == 3
        collector.status = 200
        assert there.send(some()) == TAKEN


def test_a_connection_that_was_closed_while_idle_is_made_anew() -> None:
    with answering(OK) as endpoint, speaking_to(endpoint) as there:
        assert [there.send(some(1)), there.send(some(1))] == [TAKEN, TAKEN]


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n"])
def test_what_speaks_no_http_has_failed(answer: bytes) -> None:
    with answering(answer) as endpoint, speaking_to(endpoint) as there:
        there.leave()
        assert there.send(some())[0] == 3


@pytest.mark.parametrize("content", [b"not protobuf at all", b"x" * 100_000])
def test_an_answer_that_says_nothing_is_a_success(content: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content) as endpoint:
        assert sent_to(endpoint) == TAKEN


def test_an_answer_without_an_end_is_read_up_to_a_bound() -> None:
    """Of what is announced most never comes: who waited for it would fail."""
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 100_000) as endpoint:
        assert sent_to(endpoint) == TAKEN


def test_the_exporters_variables_hold(collector: OtlpCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.05")
    collector.delay = 60
    with speaking_to(collector.endpoint, None) as there:
        assert there.send(some())[0] == 3
    assert collector.headers["content-encoding"] == "gzip"


def test_settings_go_before_the_exporters_variables(
    collector: OtlpCollector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:9/elsewhere")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=theirs,x-more=theirs")
    with speaking_to(collector.endpoint, headers={"Authorization": "ours"}) as there:
        assert there.send(some()) == TAKEN
    told = {name: collector.headers[name] for name in ("authorization", "x-more")}
    assert (told, collector.paths) == ({"authorization": "ours", "x-more": "theirs"}, {"/v1/traces"})


def test_a_proxy_is_asked_where_there_is_one(collector: OtlpCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, collector.endpoint)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert sent_to("http://collector.example:4318") == TAKEN
    assert collector.paths == {"http://collector.example:4318/v1/traces"}


def test_what_the_exporter_logs_of_a_batch_is_told_once(
    collector: OtlpCollector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 401
    assert "401" in sent_to(collector.endpoint)[1]
    assert caplog.records == []


def test_what_the_exporter_logs_otherwise_is_logged(
    collector: OtlpCollector, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli")
    caplog.set_level(logging.WARNING)
    with speaking_to(collector.endpoint):
        logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").warning("of another thread")
    assert [record.getMessage() for record in caplog.records] == [
        "Unsupported compression type: brotli",
        "of another thread",
    ]


def test_who_leaves_waits_for_no_other_try(collector: OtlpCollector) -> None:
    collector.status, collector.retry_after = 503, "30"
    with speaking_to(collector.endpoint) as there:
        result: list[tuple[int, str]] = []
        sender = threading.Thread(target=lambda: result.append(there.send(some())))
        sender.start()
        wait_until(lambda: collector.requests and there._failure, "a failure")
        there.leave()
        sender.join()
    assert (result[0][0], collector.requests) == (3, 1)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.CRITICAL])
def test_who_has_left_tries_once(collector: OtlpCollector, caplog: pytest.LogCaptureFixture, level: int) -> None:
    # What is logged decides nothing.
    caplog.set_level(level)
    with speaking_to(collector.endpoint) as there:
        there.leave()
        assert there.send(some()) == TAKEN
        collector.status, collector.retry_after = 503, "30"
        assert [there.send(some())[0] for _ in range(2)] == [3, 3]
    assert collector.requests == 2


def test_what_failed_before_does_not_end_what_a_stop_still_sends(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint) as there:
        collector.status, collector.retry_after = 503, "0.01"
        sender = threading.Thread(target=lambda: there.send(some()))
        sender.start()
        wait_until(lambda: collector.requests, "a failure")
        collector.status = 200
        sender.join()
        there.leave()
        assert there.send(some()) == TAKEN


def test_who_leaves_finds_a_closed_connection_and_goes_on() -> None:
    with answering(OK) as endpoint, speaking_to(endpoint) as there:
        there.send(some(1))
        there.leave()
        assert [there.send(some(1)) for _ in range(3)] == [TAKEN] * 3


def test_what_cannot_be_encoded_is_lost_and_said(collector: OtlpCollector) -> None:
    span = some(1)[0]
    span.name = "\ud800"
    with speaking_to(collector.endpoint) as there:
        lost, why = there.send([span])
        assert (lost, "encode" in why) == (1, True)
        assert there.send(some()) == TAKEN
