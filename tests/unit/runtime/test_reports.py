"""What a report says of an error: enough to find it, and no value that anybody sent."""

import json
from typing import Any

import apsw
import asyncpg
import pytest

from roadbed.kernel.errors import ConfigurationError, NotFound
from roadbed.runtime.reports import CAUSES, FRAMES, Report, harmless_words, last_place, report_of

ADDRESS = "a@b.example"
LEFT_OUT = "(its words are in the log)"


def caught(error: BaseException) -> BaseException:
    """Return an error as one that was raised, here."""
    with pytest.raises(type(error)) as found:
        raise error
    return found.value


def own_words() -> BaseException:
    with pytest.raises(RuntimeError) as found:
        raise RuntimeError("the gadget is missing")
    return found.value


def of_postgres(state: str, message: str, **fields: str) -> BaseException:
    letters = {"detail": "D", "table_name": "t", "constraint_name": "n", "schema_name": "s"}
    told = {letters[name]: value for name, value in fields.items()}
    return asyncpg.PostgresError.new({"C": state, "M": message, **told})


def of_sqlite(code: int, message: str) -> BaseException:
    error: Any = apsw.ConstraintError(message)
    error.extendedresult = code
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError(f"invalid: {ADDRESS}"), LEFT_OUT),
        (KeyError(ADDRESS), LEFT_OUT),
        (UnicodeDecodeError("utf-8", ADDRESS.encode(), 0, 1, "bad"), LEFT_OUT),
        (RuntimeError(), LEFT_OUT),
        (RuntimeError(ADDRESS, 5), LEFT_OUT),
        (NotFound(f"There is no {ADDRESS}"), "not-found: Not found"),
        (ConfigurationError("the port is taken"), "the port is taken"),
        (FileNotFoundError(2, ADDRESS, f"/home/{ADDRESS}"), "[Errno 2] No such file or directory"),
        (OSError(ADDRESS), LEFT_OUT),
        (
            of_postgres(
                "23505",
                'duplicate key value violates unique constraint "person_email"',
                detail=f"Key (email)=({ADDRESS}) already exists.",
                schema_name="public",
                table_name="person",
                constraint_name="person_email",
            ),
            "SQLSTATE 23505, schema public, table person, constraint person_email",
        ),
        (of_postgres("22P02", f'invalid input syntax for type integer: "{ADDRESS}"'), "SQLSTATE 22P02"),
        (of_sqlite(2067, "UNIQUE constraint failed: person.email, person.name"), None),
        (of_sqlite(275, "CHECK constraint failed: person_age"), "SQLite 275: CHECK constraint failed: person_age"),
        (of_sqlite(1811, f"{ADDRESS} is not allowed"), "SQLite 1811"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_words_without_values(error: BaseException, words: str | None) -> None:
    told = harmless_words(caught(error))
    assert told == (words or "SQLite 2067: UNIQUE constraint failed: person.email, person.name")
    assert ADDRESS not in told


def test_words_that_the_program_holds_itself_are_told() -> None:
    assert harmless_words(own_words()) == "the gadget is missing"


def test_words_that_another_place_holds_are_not() -> None:
    words = "the gadget " + "is missing"[:]
    assert harmless_words(caught(RuntimeError(words))) == LEFT_OUT


def test_an_error_that_was_never_raised() -> None:
    assert harmless_words(RuntimeError("the gadget is missing")) == LEFT_OUT


def event(error: BaseException | None, **fields: Any) -> dict[str, Any]:
    made = report_of(Report("request", "GET /x", error, {"route": "/x"}, **fields))
    json.dumps(made)
    return made


def test_causes_come_first() -> None:
    error = caught(ValueError("b"))
    error.__cause__ = caught(KeyError("a"))
    assert [value["type"] for value in event(error)["exception"]["values"]] == ["KeyError", "ValueError"]


def test_a_context_that_was_hidden_stays_so() -> None:
    error = ValueError("b")
    error.__context__ = KeyError("a")
    error.__suppress_context__ = True
    assert [value["type"] for value in event(error)["exception"]["values"]] == ["ValueError"]


@pytest.mark.parametrize("endless", [True, False])
def test_a_chain_has_an_end(endless: bool) -> None:
    first = last = ValueError("0")
    for number in range(50):
        last.__cause__ = ValueError(str(number))
        last = last.__cause__
    if endless:
        first.__cause__ = first
    assert len(event(first)["exception"]["values"]) == (1 if endless else CAUSES)


def deep(levels: int) -> None:
    secret = f"secret of {ADDRESS}"
    if levels == 0:
        raise LookupError(secret)
    deep(levels - 1)


def test_frames_name_places_and_no_values() -> None:
    with pytest.raises(LookupError) as found:
        deep(2 * FRAMES)
    (value,) = event(found.value)["exception"]["values"]
    frames = value["stacktrace"]["frames"]
    assert (len(frames), frames[-1]["function"], frames[-1]["in_app"]) == (FRAMES, "deep", True)
    assert {name for frame in frames for name in frame} == {"module", "function", "filename", "lineno", "in_app"}
    assert (ADDRESS in str(value), "/home" in str(value)) == (False, False)


def test_a_frame_of_a_library_is_none_of_ours() -> None:
    with pytest.raises(json.JSONDecodeError) as found:
        json.loads("{")
    (value,) = event(found.value)["exception"]["values"]
    assert [frame["in_app"] for frame in value["stacktrace"]["frames"]][-1] is False


def test_a_frame_without_a_module_is_named_by_its_file() -> None:
    """As apsw adds them for its C code; once they were called `.py`, and ours."""
    with pytest.raises(ZeroDivisionError) as found:
        exec(compile("1 / 0", "src/statementcache.c", "exec"), {"__name__": ""})
    (value,) = event(found.value)["exception"]["values"]
    last = value["stacktrace"]["frames"][-1]
    assert (last["filename"], last["in_app"]) == ("statementcache.c", False)


def test_without_an_error_there_are_words() -> None:
    made = event(None)
    assert (made["message"], "exception" in made) == ("GET /x", False)


def test_what_belongs_together() -> None:
    assert (event(None, together=("a", "b"))["fingerprint"], "fingerprint" in event(None)) == (["a", "b"], False)


def test_the_place_of_an_error() -> None:
    one, two = own_words(), own_words()
    assert (last_place(one) == last_place(two), last_place(one)[0], last_place(None)) == (True, "RuntimeError", ())
    assert last_place(ValueError("never raised")) == ("ValueError", "")
