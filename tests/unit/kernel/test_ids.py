"""Identifiers rise within a process, carry the time, and are read strictly."""

import os
import threading
import time
from uuid import UUID

import pytest

from roadbed.kernel.ids import Uuid7, new_id, parse_uuid

TEXT = "0198c0de-1111-7222-8333-444455556666"


def milliseconds(identifier: UUID) -> int:
    return identifier.int >> 80


def test_version_and_variant_are_those_of_rfc_9562() -> None:
    identifier = new_id()
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")


def test_the_first_48_bits_are_the_time() -> None:
    before = time.time_ns() // 1_000_000
    found = milliseconds(Uuid7()())
    after = time.time_ns() // 1_000_000
    assert before <= found <= after


def test_identifiers_rise() -> None:
    identifiers = [new_id() for _ in range(10_000)]
    assert sorted(set(identifiers)) == identifiers


def test_identifiers_rise_while_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    make = Uuid7()
    identifiers = [make() for _ in range(5_000)]
    assert sorted(set(identifiers)) == identifiers


def test_identifiers_rise_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    make = Uuid7()
    times = iter([2_000_000_000_000_000_000, 1_000_000_000_000_000_000, 1_500_000_000_000_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    first, second, third = make(), make(), make()
    assert first < second < third


def test_threads_never_share_an_identifier() -> None:
    make = Uuid7()
    found: list[list[UUID]] = [[] for _ in range(4)]

    def fill(mine: list[UUID]) -> None:
        mine.extend(make() for _ in range(2_000))

    threads = [threading.Thread(target=fill, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({identifier for mine in found for identifier in mine}) == 8_000


def test_the_last_62_bits_differ_between_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    tails = {Uuid7()().int & (2**62 - 1) for _ in range(100)}
    assert len(tails) == 100


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_repeat_its_parent() -> None:
    make = Uuid7()
    make()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, (make().int & (2**62 - 1)).to_bytes(8, "big"))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int.from_bytes(os.read(reader, 8), "big")
    os.close(reader)
    os.close(writer)
    assert make().int & (2**62 - 1) != theirs


@pytest.mark.parametrize("text", [TEXT, TEXT.upper()])
def test_the_canonical_form_is_read_in_either_case(text: str) -> None:
    assert parse_uuid(text) == UUID(TEXT)


@pytest.mark.parametrize("version", range(16))
def test_every_version_is_read(version: int) -> None:
    text = f"0198c0de-1111-{version:x}222-8333-444455556666"
    assert parse_uuid(text) == UUID(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0198c0de",
        TEXT.replace("-", ""),
        f"{{{TEXT}}}",
        f"urn:uuid:{TEXT}",
        f" {TEXT}",
        f"{TEXT}\n",
        f"{TEXT}0",
        TEXT[:-1],
        TEXT.replace("0", "g"),
        TEXT.replace("-", "_"),
        "0198c0d-e1111-7222-8333-444455556666",
        TEXT.replace("1", "\u0661"),
    ],
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="8-4-4-4-12"):
        parse_uuid(text)
