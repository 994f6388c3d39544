"""A collector, spoken to over HTTP: what it takes, refuses, and asks to have again."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from roadbed.runtime.collector import LONGEST_PAUSE, Collector
from roadbed.runtime.otlp import Encoder
from roadbed.runtime.span_export import CollectorError
from tests.support.otlp import OtlpCollector, running_collector
from tests.support.ports import free_port
from tests.support.tracing import Kept


def request() -> bytes:
    kept = Kept()
    kept.span().end()
    return Encoder({"service.name": "x"}, "1").encode(kept.spans)


@contextmanager
def speaking_to(endpoint: str, **headers: str) -> Iterator[Collector]:
    with closing(Collector(endpoint, headers, timeout=5)) as opened:
        yield opened


def failure_of(endpoint: str) -> CollectorError:
    with speaking_to(endpoint) as there, pytest.raises(CollectorError) as caught:
        there.send(request())
    return caught.value


def test_it_takes_a_request(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint, **{"api-key": "secret"}) as there:
        assert there.send(request()) == 0
    assert [span.name for span in collector.spans] == ["GET /x"]
    assert collector.paths == {"/v1/traces"}
    told = {name: collector.headers[name] for name in ("api-key", "Content-Type")}
    assert told == {"api-key": "secret", "Content-Type": "application/x-protobuf"}


def test_a_base_address_may_have_a_path(collector: OtlpCollector) -> None:
    with speaking_to(f"{collector.endpoint}/otlp/") as there:
        there.send(request())
    assert collector.paths == {"/otlp/v1/traces"}


def test_requests_share_a_connection(collector: OtlpCollector) -> None:
    with speaking_to(collector.endpoint) as there:
        there.send(request())
        first = there._connection.sock
        there.send(request())
        assert first is not None
        assert there._connection.sock is first


def test_it_tells_how_many_it_refused(collector: OtlpCollector) -> None:
    collector.refused = 3
    with speaking_to(collector.endpoint) as there:
        assert there.send(request()) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_busy_is_asked_again(collector: OtlpCollector, status: int) -> None:
    collector.status = status
    error = failure_of(collector.endpoint)
    assert (error.again, error.pause, f"{status}" in str(error)) == (True, 0.0, True)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 500])
def test_what_refuses_is_not_asked_again(collector: OtlpCollector, status: int) -> None:
    collector.status = status
    assert failure_of(collector.endpoint).again is False


@pytest.mark.parametrize(
    ("given", "pause"), [("7", 7.0), ("0", 0.0), ("-3", 0.0), ("1e9", LONGEST_PAUSE), ("Fri, 31 Dec 1999", 0.0)]
)
def test_it_may_ask_for_patience(collector: OtlpCollector, given: str, pause: float) -> None:
    collector.status, collector.retry_after = 503, given
    assert failure_of(collector.endpoint).pause == pause


def test_nobody_there_is_a_failure_for_now() -> None:
    error = failure_of(f"http://127.0.0.1:{free_port()}")
    assert (error.again, str(error)) == (True, "Connection refused")


def test_who_does_not_answer_in_time_has_failed(collector: OtlpCollector) -> None:
    collector.delay = 60
    with closing(Collector(collector.endpoint, {}, timeout=0.05)) as there, pytest.raises(CollectorError) as caught:
        there.send(request())
    assert (caught.value.again, str(caught.value)) == (True, "timed out")


def test_a_collector_that_came_back_is_spoken_to_again() -> None:
    with running_collector() as first, speaking_to(first.endpoint) as there:
        first.status = 503
        with pytest.raises(CollectorError):
            there.send(request())
        first.status = 200
        assert there.send(request()) == 0


def answering(listener: socket.socket, *answers: bytes) -> threading.Thread:
    """Give one answer per connection, and close it."""

    def run() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_a_connection_that_was_closed_while_idle_is_made_anew() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = answering(listener, OK, OK)
        with speaking_to(f"http://127.0.0.1:{listener.getsockname()[1]}") as there:
            assert [there.send(request()), there.send(request())] == [0, 0]
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n"])
def test_what_speaks_no_http_has_failed(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = answering(listener, answer)
        assert failure_of(f"http://127.0.0.1:{listener.getsockname()[1]}").again is True
        thread.join()


@pytest.mark.parametrize("content", [b"not protobuf at all", b"x" * 100_000])
def test_an_answer_that_says_nothing_is_a_success(content: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = answering(listener, head + content)
        with speaking_to(f"http://127.0.0.1:{listener.getsockname()[1]}") as there:
            assert there.send(request()) == 0
        thread.join()
