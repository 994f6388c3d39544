"""Request ids, and how convention fields meet those of a reply."""

import re
from uuid import UUID

import pytest

from roadbed.http.call import Call
from roadbed.http.conventions import NO_STORE, PAGE, REVALIDATE, merge, request_id
from roadbed.http.replies import head_of
from roadbed.http.traces import TRACEPARENT


@pytest.mark.parametrize("given", [b"a", b"A-b_c.9", b"x" * 128, b"0192f0c1-1111-7111-8111-0123456789ab"])
def test_a_harmless_id_of_the_caller_is_kept(given: bytes) -> None:
    assert given.decode() == request_id(given)


@pytest.mark.parametrize(
    "given", [None, b"", b"x" * 129, b"a b", b"a\n", b"<script>", b"a/b", b"\xc3\xa9", b'"', b"a;b"]
)
def test_any_other_id_is_replaced(given: bytes | None) -> None:
    found = UUID(request_id(given))
    assert (found.version, found.variant) == (7, "specified in RFC 4122")


def test_a_new_id_is_written_as_a_uuid_is() -> None:
    made = request_id(None)
    assert str(UUID(made)) == made


def test_new_ids_differ() -> None:
    assert len({request_id(None) for _ in range(10_000)}) == 10_000


def test_what_a_reply_says_itself_stands_and_the_rest_is_added() -> None:
    given = [(b"cache-control", b"public"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    merged = merge(given, ((b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer")))
    assert [*given, (b"referrer-policy", b"no-referrer")] == merged


def test_no_field_that_stands_leaves_twice() -> None:
    """Whatever a reply may be given by convention, it has once if it says it itself."""
    call: Call[None] = Call(None, "id", "GET", "/", {TRACEPARENT: b"trace"}, b"", 0.0, "")
    call.trace_id, call.version, call.location, call.replayed = "trace", 7, "/there", True
    conventions = (*head_of(call, 2), (b"connection", b"close"))
    for name, value in conventions:
        assert [field for field in merge([(name, b"own")], conventions) if field[0] == name] == [(name, b"own")], value


@pytest.mark.parametrize("fields", [NO_STORE, REVALIDATE, PAGE])
def test_every_set_has_the_same_names_in_lower_case(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    names = {name for name, _ in fields}
    assert names == {name for name, _ in NO_STORE}
    assert names == {name.lower() for name in names}


def test_no_policy_lets_inline_scripts_run() -> None:
    policies = [dict(fields)[b"content-security-policy"].decode() for fields in (NO_STORE, REVALIDATE, PAGE)]
    scripts = [re.findall(r"script-src ([^;]*)", policy) for policy in policies]
    assert scripts == [[], [], ["'self'"]]
    assert [policy.split(";")[0] for policy in policies] == ["default-src 'none'"] * 3
