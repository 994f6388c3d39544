"""What watchers are told of a change: the entry, or of what is not shown any more its key alone."""

from datetime import timedelta

import msgspec
import pytest

from roadbed.data.changes import Change
from roadbed.domains.kv.model import Entry
from roadbed.domains.kv.rows import told
from roadbed.kernel.clock import now

THEN = now()


def entry(seconds: int | None, value: bytes = b"1") -> str:
    until = None if seconds is None else THEN + timedelta(seconds=seconds)
    return msgspec.json.encode(Entry("a", msgspec.Raw(value), 7, THEN, until)).decode()


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        ("create", entry(None), True),
        ("change", entry(1), True),
        ("change", entry(0), False),
        ("change", entry(-1), False),
        ("change", entry(-1, b'"\\"expires_at\\":null}"'), False),
        ("change", entry(1, b'{"expires_at":null}'), True),
        ("create", None, False),
        ("delete", None, False),
    ],
    ids=range(8),
)
def test_what_watchers_are_told(kind: str, body: str | None, shown: bool) -> None:
    data = told(lambda: THEN, Change("kv", 7, "a", kind, THEN, body))
    if shown:
        assert data.decode() == body
    else:
        when = msgspec.to_builtins(THEN)
        touched = {"key": "a", "version": 7, "updated_at": when, "deleted": kind == "delete"}
        assert msgspec.json.decode(data) == touched
