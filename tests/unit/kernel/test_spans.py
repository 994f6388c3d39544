"""Spans: what they hold, how they hang together, and who finds them."""

import asyncio
import threading

import pytest

from roadbed.kernel.errors import Conflict, NotFound
from roadbed.kernel.spans import CLIENT, INTERNAL, MOST_LINKS, MOST_NOTES, Span, current, detached, enter
from tests.support.tracing import Kept


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_a_span_has_an_id_of_its_own(kept: Kept) -> None:
    ids = {kept.span().span_id for _ in range(1000)}
    assert (len(ids), 0 in ids, max(ids) < 2**64) == (1000, False, True)


def test_ids_are_told_with_their_zeros(kept: Kept) -> None:
    span = kept.span(trace_id=0xAB)
    span.span_id = 0xC
    assert (span.trace_hex, span.span_hex) == ("0" * 30 + "ab", "0" * 15 + "c")


def test_a_part_belongs_to_the_trace(kept: Kept) -> None:
    span = kept.span(trace_id=9)
    span.state = "a=b"
    part = span.child("part", CLIENT)
    assert (part.trace_id, part.parent_id, part.kind, part.state) == (9, span.span_id, CLIENT, "a=b")


def test_a_part_is_internal_unless_said(kept: Kept) -> None:
    assert kept.span().child("part").kind == INTERNAL


def test_a_part_may_have_begun_before(kept: Kept) -> None:
    assert kept.span().child("part", began=3.5).began == 3.5


def test_who_ends_is_handed_over(kept: Kept) -> None:
    span = kept.span()
    span.end()
    assert (kept.spans, span.ended >= span.began) == ([span], True)


def test_an_end_may_be_told(kept: Kept) -> None:
    span = kept.span()
    span.end(span.began + 2)
    assert span.ended == span.began + 2


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NotFound(), "not-found"), (ValueError("a secret"), "ValueError"), (Conflict("no", kind="floor"), "conflict")],
)
def test_of_an_error_its_kind_is_told(kept: Kept, error: Exception, kind: str) -> None:
    span = kept.span()
    span.fail(error)
    assert span.error == kind


def test_links_are_bounded_and_counted(kept: Kept) -> None:
    span, others = kept.span(), [kept.span() for _ in range(MOST_LINKS + 3)]
    for other in others:
        span.link(other)
    assert (len(span.links), span.lost_links) == (MOST_LINKS, 3)
    assert span.links[0] == (others[0].trace_id, others[0].span_id)


def test_notes_are_bounded_and_counted(kept: Kept) -> None:
    span = kept.span()
    for number in range(MOST_NOTES + 2):
        span.note("n", {"number": number})
    assert (len(span.notes), span.lost_notes) == (MOST_NOTES, 2)
    assert [name for _, name, _ in span.notes[:1]] == ["n"]


def test_amounts_add_up(kept: Kept) -> None:
    span = kept.span()
    span.add("wait", 0.25)
    span.add("wait", 0.5)
    assert span.attributes == {"wait": 0.75}


def test_nobody_is_traced_at_first() -> None:
    assert current() is None


async def test_tasks_that_a_request_starts_belong_to_it(kept: Kept) -> None:
    async def look() -> Span | None:
        return current()

    with kept.request() as span:
        assert await asyncio.create_task(look()) is span


async def test_what_is_detached_belongs_to_nobody(kept: Kept) -> None:
    async def look() -> Span | None:
        return current()

    with kept.request() as span:
        assert await asyncio.create_task(look(), context=detached()) is None
        assert current() is span


async def test_tasks_do_not_see_each_others_spans(kept: Kept) -> None:
    async def request(number: int) -> bool:
        span = kept.span(trace_id=number)
        enter(span)
        await asyncio.sleep(0)
        return current() is span

    assert all(await asyncio.gather(*(asyncio.create_task(request(number)) for number in range(1, 20))))
    assert current() is None


def test_a_thread_sees_none(kept: Kept) -> None:
    seen: list[Span | None] = []
    with kept.request():
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [None]
