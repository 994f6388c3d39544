"""Access lines: one per request, complete, harmless, sampled."""

from collections.abc import Callable

import msgspec
import pytest

from roadbed.kernel.events import RequestFinished
from roadbed.runtime.access_log import PATH_SHOWN, Timestamps, access_log
from roadbed.runtime.log_lines import LONGEST, Origin

ORIGIN = Origin("shop", "production", "1.2.3")
ID = "0198c0de-1111-7222-8333-444455556666"


def finished(
    status: int = 200,
    *,
    path: str = "/transactions/1",
    duration: float = 0.0015,
    problem: str = "",
    method: str = "GET",
) -> RequestFinished:
    return RequestFinished(ID, method, "/transactions/{id}", path, status, duration, "127.0.0.1", 312, problem)


def written(event: RequestFinished, **options: object) -> list[bytes]:
    lines: list[bytes] = []
    access_log(lines.append, ORIGIN, **options)(event)  # type: ignore[arg-type]
    return lines


def test_a_line_holds_all_of_the_request() -> None:
    (line,) = written(finished())
    fields = msgspec.json.decode(line)
    fields.pop("time")
    assert fields == {
        "level": "info",
        "event": "request",
        "service": "shop",
        "env": "production",
        "version": "1.2.3",
        "request_id": ID,
        "method": "GET",
        "route": "/transactions/{id}",
        "path": "/transactions/1",
        "status": 200,
        "duration_ms": 1.5,
        "client": "127.0.0.1",
        "size": 312,
    }


@pytest.mark.parametrize(
    ("status", "level"), [(200, "info"), (304, "info"), (404, "info"), (499, "info"), (500, "error"), (503, "error")]
)
def test_the_level_follows_the_status(status: int, level: str) -> None:
    (line,) = written(finished(status))
    assert msgspec.json.decode(line)["level"] == level


def test_the_trace_of_the_caller_is_named() -> None:
    (line,) = written(msgspec.structs.replace(finished(), trace_id="4bf92f3577b34da6a3ce929d0e0e4736"))
    assert msgspec.json.decode(line)["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_what_the_cache_had_to_do_with_it_is_named() -> None:
    event = msgspec.structs.replace(finished(), cache="hit")
    (line,), (shown,) = written(event), written(event, console=True)
    assert (msgspec.json.decode(line)["cache"], b" cache hit " in shown) == ("hit", True)


def test_a_problem_is_named() -> None:
    (line,) = written(finished(409, problem="balance-floor"))
    assert msgspec.json.decode(line)["problem"] == "balance-floor"


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.0, 0), (0.0000004, 0), (0.001, 1), (0.0012345, 1.234), (12.5, 12500)]
)
def test_durations_are_milliseconds_to_the_microsecond(seconds: float, milliseconds: float) -> None:
    (line,) = written(finished(duration=seconds))
    assert msgspec.json.decode(line)["duration_ms"] == milliseconds


@pytest.mark.parametrize("console", [False, True])
def test_a_line_is_one_line_whatever_the_path(console: bool) -> None:
    (line,) = written(finished(path="/a\nb\rc\x1b[31md\x00"), console=console)
    assert (line.count(b"\n"), line.count(b"\r"), line.count(b"\x1b"), line.count(b"\x00")) == (0, 0, 0, 0)


def test_the_longest_path_fits_into_a_line() -> None:
    (line,) = written(finished(path="/" + "\x00" * 10_000))
    assert len(line) < LONGEST


@pytest.mark.parametrize("console", [False, True])
def test_a_long_path_is_cut(console: bool) -> None:
    (line,) = written(finished(path="/" + "x" * 10_000), console=console)
    assert line.count(b"x") == PATH_SHOWN - 1


def test_a_console_line() -> None:
    (line,) = written(finished(409, problem="conflict"), console=True)
    assert line.decode().split(" ", 1)[1] == f"GET    /transactions/1 409 1.5 ms conflict {ID}"


@pytest.mark.parametrize(("status", "colour"), [(200, "32"), (304, "36"), (404, "33"), (503, "31"), (101, "0")])
def test_a_status_has_a_colour_on_a_terminal(status: int, colour: str) -> None:
    (line,) = written(finished(status), console=True, colours=True)
    assert f"\x1b[{colour}m{status}\x1b[0m" in line.decode()


def chances(*values: float) -> Callable[[], float]:
    return iter(values).__next__


@pytest.mark.parametrize(
    ("sample", "chance", "lines"),
    [(1.0, 0.99, 1), (0.5, 0.49, 1), (0.5, 0.5, 0), (0.1, 0.05, 1), (0.0, 0.0, 0)],
)
def test_a_share_of_requests_gets_a_line(sample: float, chance: float, lines: int) -> None:
    assert len(written(finished(), sample=sample, chance=chances(chance))) == lines


@pytest.mark.parametrize(("status", "lines"), [(200, 0), (404, 0), (499, 0), (500, 1), (503, 1), (507, 1)])
def test_errors_always_get_a_line(status: int, lines: int) -> None:
    assert len(written(finished(status), sample=0.0, chance=chances(0.9))) == lines


@pytest.mark.parametrize(("status", "lines"), [(200, 0), (404, 0), (500, 1)])
def test_a_higher_level_leaves_the_errors(status: int, lines: int) -> None:
    assert len(written(finished(status), errors_only=True, chance=chances(0.0))) == lines


def test_all_requests_get_a_line_by_default() -> None:
    lines: list[bytes] = []
    write = access_log(lines.append, ORIGIN)
    for _ in range(100):
        write(finished())
    assert len(lines) == 100


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.500Z"),
        (1_700_000_000.9999, "2023-11-14T22:13:20.999Z"),
        (1_709_164_800.001, "2024-02-29T00:00:00.001Z"),
    ],
)
def test_a_time_is_rfc_3339(now: float, text: str) -> None:
    assert Timestamps(now=lambda: now)() == text


def test_times_follow_the_clock_also_backwards() -> None:
    times = Timestamps(now=chances(1.25, 1.25, 1.5, 2.0, 1.75))
    assert [times()[17:] for _ in range(5)] == ["01.250Z", "01.250Z", "01.500Z", "02.000Z", "01.750Z"]
