"""The schema of log lines, and how a line is made of whatever there is to say."""

import re
from typing import Any

import msgspec
import pytest

from roadbed.kernel.settings import Settings
from roadbed.runtime.log_lines import LONGEST, AccessLine, EventLine, Origin, Raised, event_line, raised

ORIGIN = Origin("shop", "production", "1.2.3")


def line(level: str = "info", event: str = "It happened", **fields: Any) -> dict[str, Any]:
    """Return a line as read back; it must be of the schema."""
    raw = event_line(level, event, ORIGIN, fields)
    assert len(raw) <= LONGEST
    msgspec.json.decode(raw, type=EventLine)
    return msgspec.json.decode(raw)


def caught(error: BaseException) -> Raised:
    with pytest.raises(type(error)) as found:
        raise error
    return raised(found.value)


def test_a_line_says_when_what_and_where() -> None:
    told = line()
    time = told.pop("time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)
    assert told == {
        "level": "info",
        "event": "It happened",
        "service": "shop",
        "env": "production",
        "version": "1.2.3",
    }


def test_where_it_comes_from_is_set() -> None:
    origin = Origin.of(Settings(service_name="shop", environment="production"))
    assert (origin.service, origin.env) == ("shop", "production")


@pytest.mark.parametrize("struct", [AccessLine, EventLine], ids=lambda struct: struct.__name__)
def test_every_field_of_more_than_a_word_is_described(struct: type[msgspec.Struct]) -> None:
    _, parts = msgspec.json.schema_components((struct,))
    properties = parts[struct.__name__]["properties"]
    assert {name for name, row in properties.items() if not row.get("description")} <= {"method", "event", "level"}


def test_both_kinds_of_lines_agree_on_what_they_share() -> None:
    of_access, of_events = (
        msgspec.json.schema_components((struct,))[1][struct.__name__]["properties"]
        for struct in (AccessLine, EventLine)
    )
    shared = of_access.keys() & of_events.keys() - {"level", "event", "size"}
    assert {"request_id", "trace_id", "span_id", "service", "env", "version"} <= shared
    assert [name for name in shared if of_access[name]["type"] != of_events[name]["type"]] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"process": 4711, "domains": ["ledger"], "patience_s": 5.0, "job": "sweep"},
        {"patience_s": 5, "exit_code": -9, "request_id": "a", "trace_id": "b"},
    ],
)
def test_what_the_schema_knows_stands_at_the_top(fields: dict[str, Any]) -> None:
    assert line(**fields).items() >= fields.items()


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": "red"},
        {"process": "4711"},
        {"process": True},
        {"domains": "ledger"},
        {"error": 5},
        {"service": "another"},
        {"truncated": True},
        {"fields": {"a": 1}},
        {"exit_code": None},
    ],
    ids=str,
)
def test_all_else_is_nested(fields: dict[str, Any]) -> None:
    told = line(**fields)
    assert (told["fields"], told["service"]) == (fields, "shop")


def test_a_tuple_is_a_list_of_texts() -> None:
    assert line(domains=("ledger", 5))["domains"] == ["ledger", "5"]


def test_an_error_and_its_causes() -> None:
    error = ValueError("no\nway")
    error.__cause__ = KeyError("why")
    told = caught(error)
    assert (told.type, told.message) == ("ValueError", "no\nway")
    assert [part in told.traceback for part in ("KeyError: 'why'", "direct cause", "ValueError: no")] == [True] * 3


def test_the_type_of_an_error_names_its_module() -> None:
    assert caught(msgspec.ValidationError("no")).type == "msgspec.ValidationError"


def test_an_error_that_cannot_say_what_it_is() -> None:
    class SpeechlessError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert caught(SpeechlessError()).message == "(unreadable: RuntimeError)"


class Speechless:
    def __str__(self) -> str:
        raise RuntimeError("no words")


def recursive() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


@pytest.mark.parametrize("value", [Speechless(), {1: {2: Speechless()}}, recursive()], ids=["value", "deep", "endless"])
def test_what_cannot_be_written_does_not_hide_the_rest(value: Any) -> None:
    told = line("error", "Look", job="sweep", thing=value)
    assert (told["job"], list(told["fields"])) == ("sweep", ["unreadable"])


@pytest.mark.parametrize("fields", [{"reason": "a\ud800b"}, {"problems": ["a\ud800b"]}], ids=str)
def test_half_a_surrogate_is_written_in_words(fields: dict[str, Any]) -> None:
    told = line("info", "x\udfff", exception=caught(ValueError("\ud800")), **fields)
    assert (told["event"], "a\\ud800b" in str(told).replace("\\\\", "\\")) == ("x\\udfff", True)


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "x" * 300_000},
        {"reason": "\x00" * 300_000, "detail": "🚀" * 300_000},
        {"problems": ["y" * 1_000] * 1_000},
        {"exception": Raised("T" * 100_000, "\n" * 100_000, "\x00" * 1_000_000)},
        {"anything": ["z"] * 100_000, "q" * 100_000: 1},
        {f"field_{number}": "w" * 1_000 for number in range(1_000)},
        dict.fromkeys(("reason", "detail", "error", "job", "queue", "url", "data", "samples"), "\x01" * 10000),
    ],
    ids=["text", "escapes", "list", "error", "nested", "many", "all"],
)
def test_a_line_that_would_be_too_long_is_cut_and_says_so(fields: dict[str, Any]) -> None:
    told = line("error", "Look", **fields)
    assert (told["event"], told["truncated"]) == ("Look", True)


def test_of_what_is_cut_begin_and_end_stay() -> None:
    told = line(exception=Raised("E", "no", "begin" + "." * 100_000 + "end"))
    traceback = told["exception"]["traceback"]
    assert (traceback[:5], traceback[-3:], " … " in traceback) == ("begin", "end", True)


def test_a_line_that_fits_is_whole() -> None:
    text = "x" * (LONGEST - 1_000)
    told = line(reason=text)
    assert (told["reason"], "truncated" in told) == (text, False)
