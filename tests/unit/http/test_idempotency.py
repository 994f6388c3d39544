"""Keys are read strictly, and digests differ exactly where calls differ."""

import pytest

from roadbed.http.idempotency import fingerprint_call, read_key
from roadbed.kernel.errors import Invalid

BASE = {"key": b"k", "method": "POST", "path": "/a", "body": b"{}", "query": b"", "fields": {}}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"abc", b"abc"),
        (b'"abc"', b"abc"),
        (b'"', b'"'),
        (b'""', b'""'),
        (b'"""', b'"'),
        (b'"abc', b'"abc'),
        (b"x" * 255, b"x" * 255),
        (b"!~", b"!~"),
    ],
)
def test_a_key_is_the_same_with_quotes_and_without(raw: bytes, expected: bytes) -> None:
    assert expected == read_key(raw)


@pytest.mark.parametrize("raw", [b"", b"x" * 256, b"a b", b"a\tb", b"\x7f", b"\xc3\xa9", b" a"])
def test_a_key_of_other_characters_or_length_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read_key(raw)
    assert [fault.pointer for fault in caught.value.faults] == ["header:Idempotency-Key"]


def test_the_same_call_has_the_same_digests() -> None:
    assert fingerprint_call(**BASE) == fingerprint_call(**BASE)


def test_digests_have_sixteen_bytes() -> None:
    made = fingerprint_call(**BASE)
    assert (len(made.key), len(made.fingerprint)) == (16, 16)


@pytest.mark.parametrize(
    "other",
    [{"key": b"l"}, {"method": "PUT"}, {"path": "/b"}, {"credential": "someone"}],
)
def test_scope_is_credential_method_path_and_key(other: dict[str, object]) -> None:
    first, second = fingerprint_call(**BASE), fingerprint_call(**{**BASE, **other})
    assert (first.fingerprint == second.fingerprint, first.key == second.key) == (True, False)


@pytest.mark.parametrize(
    "other",
    [
        {"body": b"{ }"},
        {"query": b"x=1"},
        {"fields": {b"if-match": b'"1"'}},
        {"fields": {b"if-match": b""}},
        {"fields": {b"if-none-match": b'"1"'}},
    ],
)
def test_content_is_body_query_and_preconditions(other: dict[str, object]) -> None:
    first, second = fingerprint_call(**BASE), fingerprint_call(**{**BASE, **other})
    assert (first.key == second.key, first.fingerprint == second.fingerprint) == (True, False)


def test_other_header_fields_are_no_content() -> None:
    assert fingerprint_call(**BASE) == fingerprint_call(**{**BASE, "fields": {b"user-agent": b"x"}})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"body": b"ab", "query": b"c"}, {"body": b"a", "query": b"bc"}),
        ({"body": b"", "query": b"1:a"}, {"body": b"1:a", "query": b""}),
        ({"fields": {b"if-match": b'"1"'}}, {"fields": {b"if-none-match": b'"1"'}}),
    ],
)
def test_bytes_cannot_move_from_one_part_to_the_next(first: dict[str, object], second: dict[str, object]) -> None:
    assert fingerprint_call(**{**BASE, **first}).fingerprint != fingerprint_call(**{**BASE, **second}).fingerprint


def test_scope_parts_cannot_run_together() -> None:
    first = fingerprint_call(**{**BASE, "path": "/a", "key": b"bc"})
    second = fingerprint_call(**{**BASE, "path": "/ab", "key": b"c"})
    assert first.key != second.key
