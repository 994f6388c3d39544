"""From the texts of a request to arguments, with every fault named."""

from typing import Any

import pytest

from roadbed.http.binding import make_binder, split_query
from roadbed.http.parameters import REQUIRED, Parameter, read_integer, read_text
from roadbed.kernel.errors import Fault


def query(name: str, default: Any = REQUIRED, *, many: bool = False) -> Parameter:
    return Parameter(name, "query", name, list[int] if many else int, read_integer, default, many)


PATH = Parameter("id", "path", "id", int, read_integer)
HEADER = Parameter("Last-Event-ID", "header", "last", str, read_text, None)


def bind(
    parameters: list[Parameter],
    segments: tuple[str, ...] = (),
    raw: bytes = b"",
    fields: dict[bytes, bytes] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    binder = make_binder(parameters)
    assert binder is not None
    faults: list[Fault] = []
    arguments = binder(segments, raw, fields or {}, faults)
    return arguments, {fault.pointer: fault.detail for fault in faults}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a=1", {"a": ["1"]}),
        (b"a=1&a=2&b=3", {"a": ["1", "2"], "b": ["3"]}),
        (b"a", {"a": [""]}),
        (b"a=", {"a": [""]}),
        (b"=1", {"": ["1"]}),
        (b"a=b=c", {"a": ["b=c"]}),
        (b"a=x+y", {"a": ["x y"]}),
        (b"a=x%2By", {"a": ["x+y"]}),
        (b"%61%20=%C3%A9", {"a ": ["é"]}),
        (b"a=%zz%4", {"a": ["%zz%4"]}),
        (b"a=1;b=2", {"a": ["1;b=2"]}),
    ],
)
def test_a_query_is_split_as_forms_are_encoded(raw: bytes, expected: dict[str, list[str]]) -> None:
    faults: list[Fault] = []
    assert (expected, []) == (split_query(raw, faults), faults)


def test_a_query_that_is_not_utf8_is_a_fault_of_its_parameter() -> None:
    faults: list[Fault] = []
    assert split_query(b"a=%ff&b=1&%ff=2", faults) == {"b": ["1"]}
    assert [Fault("query:a", "This is not UTF-8"), Fault("query:%ff", "This is not UTF-8")] == faults


def test_nothing_to_bind_needs_no_binder() -> None:
    assert make_binder([]) is None


def test_path_query_and_header_are_bound() -> None:
    found = bind([PATH, query("n"), HEADER], ("7",), b"n=8", {b"last-event-id": b"x"})
    assert found == ({"id": 7, "n": 8, "last": "x"}, {})


def test_defaults_stand_in_for_what_is_left_out() -> None:
    assert bind([PATH, query("n", 5), HEADER], ("7",)) == ({"id": 7, "n": 5, "last": None}, {})


def test_defaults_stand_in_beside_what_is_given() -> None:
    assert bind([query("m", 4), query("n", 5)], (), b"m=1") == ({"m": 1, "n": 5}, {})


def test_a_list_is_gathered() -> None:
    assert bind([query("n", many=True)], (), b"n=3&n=1") == ({"n": [3, 1]}, {})


@pytest.mark.parametrize("raw", [b"", b"&"])
def test_what_is_required_is_missed(raw: bytes) -> None:
    assert bind([query("n")], (), raw)[1] == {"query:n": "This parameter is missing"}


def test_a_required_header_is_missed() -> None:
    required = Parameter("X-Tenant", "header", "tenant", str, read_text)
    assert bind([required])[1] == {"header:X-Tenant": "This parameter is missing"}


def test_what_is_unknown_is_named_with_its_nearest_spelling() -> None:
    faults = bind([query("limit", 1)], (), b"limt=1&xyz=2")[1]
    expected = {
        "query:limt": "There is no such parameter; did you mean `limit`?",
        "query:xyz": "There is no such parameter",
    }
    assert expected == faults


def test_all_faults_are_told_together() -> None:
    faults = bind([PATH, query("n")], ("x",), b"n=y&z=1")[1]
    assert list(faults) == ["path:id", "query:n", "query:z"]


def test_a_scalar_given_twice_is_refused() -> None:
    assert bind([query("n")], (), b"n=1&n=1")[1] == {"query:n": "This parameter is given more than once"}


def test_many_unknown_parameters_cost_at_most_twenty_faults() -> None:
    raw = b"&".join(b"p%d=1" % number for number in range(10_000))
    assert len(bind([query("limit", 1)], (), raw)[1]) == 20


def test_a_very_long_name_is_shown_cut_short() -> None:
    faults = bind([query("limit", 1)], (), b"x" * 5000 + b"=1")[1]
    assert list(faults) == ["query:" + "x" * 64]


def test_a_required_parameter_that_is_not_utf8_is_not_missed_too() -> None:
    assert bind([query("n")], (), b"n=%ff")[1] == {"query:n": "This is not UTF-8"}
