"""The one log stream: in order, complete, bounded, and never in the way."""

import os
import threading
from collections.abc import Callable

import pytest

from roadbed.runtime.log_output import LogOutput, write_to
from tests.support.waiting import wait_until

NEVER = 3600.0


class Stream:
    """Keeps what was written; can be made to stand still or to fail."""

    def __init__(self, fails: OSError | None = None) -> None:
        self.writes: list[bytes] = []
        self.fails = fails
        self.moving = threading.Event()
        self.moving.set()

    def __call__(self, data: bytes) -> None:
        self.moving.wait()
        if self.fails:
            raise self.fails
        self.writes.append(data)

    @property
    def lines(self) -> list[bytes]:
        return b"".join(self.writes).split(b"\n")[:-1]


def opened(stream: Callable[[bytes], None], **options: object) -> LogOutput:
    return LogOutput(stream, **{"interval": NEVER, **options})


def test_lines_leave_in_their_order_in_one_write() -> None:
    stream = Stream()
    output = opened(stream)
    for number in range(100):
        output.line(b"%d" % number)
    output.close()
    assert (stream.lines, len(stream.writes)) == ([b"%d" % number for number in range(100)], 1)


def test_lines_leave_by_themselves() -> None:
    stream = Stream()
    output = LogOutput(stream, interval=0.01)
    output.line(b"first")
    wait_until(lambda: stream.lines == [b"first"], "the first line")
    output.line(b"second")
    wait_until(lambda: stream.lines == [b"first", b"second"], "the second line")
    output.close()


def test_flush_writes_now() -> None:
    stream = Stream()
    output = opened(stream)
    output.line(b"one")
    output.flush()
    assert stream.lines == [b"one"]
    output.close()


def test_nothing_to_write_is_not_written() -> None:
    stream = Stream()
    output = opened(stream)
    output.flush()
    output.close()
    assert stream.writes == []


def test_a_line_after_the_close_is_written_at_once() -> None:
    stream = Stream()
    output = opened(stream)
    output.close()
    output.line(b"late")
    assert stream.lines == [b"late"]


def test_a_kept_method_still_writes_after_the_close() -> None:
    stream = Stream()
    output = opened(stream)
    line = output.line
    output.close()
    line(b"late")
    assert stream.lines == [b"late"]


def test_close_twice_is_harmless() -> None:
    stream = Stream()
    output = opened(stream)
    output.line(b"one")
    output.close()
    output.close()
    assert stream.lines == [b"one"]


def test_a_stream_that_stands_still_does_not_hold_up_the_end() -> None:
    stream = Stream()
    output = LogOutput(stream, interval=0.01)
    stream.moving.clear()
    output.line(b"never read")
    output.close()
    output.line(b"nor this")
    assert stream.lines == []
    stream.moving.set()


def test_what_nobody_reads_is_bounded_and_counted() -> None:
    stream = Stream()
    output = opened(stream, bound=100)
    for _ in range(50):
        output.line(b"123456789")
    output.close()
    assert (stream.lines[:10], stream.lines[10:]) == ([b"123456789"] * 10, [b"40 log lines were dropped"])


def test_after_a_flood_lines_are_taken_again() -> None:
    stream = Stream()
    output = opened(stream, bound=10)
    for _ in range(3):
        output.line(b"123456789")
    output.flush()
    output.line(b"again")
    output.close()
    assert stream.lines == [b"123456789", b"2 log lines were dropped", b"again"]


def test_the_words_for_dropped_lines_can_be_chosen() -> None:
    stream = Stream()
    output = opened(stream, bound=1, told=lambda count: b"lost: %d" % count)
    output.line(b"one")
    output.line(b"two")
    output.close()
    assert stream.lines == [b"one", b"lost: 1"]


def test_a_flood_while_the_stream_stands_still_wakes_the_thread_later() -> None:
    stream = Stream()
    stream.moving.clear()
    output = LogOutput(stream, interval=0.001, bound=50)
    for _ in range(1000):
        output.line(b"123456789")
    stream.moving.set()
    wait_until(lambda: b"dropped" in b"".join(stream.writes), "the count of dropped lines")
    output.close()
    told = sum(int(line.split()[0]) for line in stream.lines if b"dropped" in line)
    assert told + sum(line == b"123456789" for line in stream.lines) == 1000


def test_a_stream_that_is_gone_does_no_harm() -> None:
    output = opened(Stream(fails=BrokenPipeError(32, "Broken pipe")))
    output.line(b"one")
    output.flush()
    output.line(b"two")
    output.close()


def test_no_line_of_any_thread_is_lost() -> None:
    stream = Stream()
    output = LogOutput(stream, interval=0.0005)

    def talk(name: int) -> None:
        for number in range(2000):
            output.line(b"%d %d" % (name, number))

    threads = [threading.Thread(target=talk, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    output.close()
    for name in range(4):
        mine = [line for line in stream.lines if line.startswith(b"%d " % name)]
        assert mine == [b"%d %d" % (name, number) for number in range(2000)]


def test_a_write_that_is_cut_short_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def write(_descriptor: int, data: memoryview) -> int:
        written.extend(data[:3])
        return min(3, len(data))

    monkeypatch.setattr(os, "write", write)
    write_to(2)(b"0123456789")
    assert bytes(written) == b"0123456789"


def test_the_stream_is_a_descriptor() -> None:
    reader, writer = os.pipe()
    output = opened(write_to(writer))
    output.line(b"through a pipe")
    output.close()
    os.close(writer)
    with os.fdopen(reader, "rb") as end:
        assert end.read() == b"through a pipe\n"
