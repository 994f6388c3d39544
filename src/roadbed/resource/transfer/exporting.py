"""Writes the rows of a list as CSV, NDJSON or one JSON array, page by page: memory holds one page at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal

import msgspec

from roadbed.resource.lists import Filter, Question
from roadbed.resource.plan import Plan
from roadbed.resource.store import Store

Format = Literal["csv", "ndjson", "json"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
}

FIRST_PAGE, LONGEST_PAGE = 50, 1000
"""Rows of the first page, and of any."""

AIM = 512 * 1024
"""Bytes that a page should come to: it gets as many rows as the one before it suggests."""

_encode = msgspec.json.Encoder().encode


async def export(
    store: Store, form: Format, filters: Sequence[Filter] = (), search: str = "", base: str = ""
) -> AsyncIterator[bytes]:
    """Yield the rows of a list in a format, in the order in which they were made where lists have that, else by key.

    Each row comes once, as it is when its page is read; one that is made meanwhile may or may not come. Secrets never
    do. ``base`` is the origin for computed addresses.
    """
    write = _FORMATS[form](store.plan)
    held = write.begin
    async for rows in _pages(store, filters, search):
        part = write.rows([store.unit.show(row, base) for row in rows.items])
        rows.size = len(part)
        yield held + part
        held = b""
    yield held + write.end()


class _Page(msgspec.Struct):
    items: Sequence[Any]
    size: int = 0


async def _pages(store: Store, filters: Sequence[Filter], search: str) -> AsyncIterator[_Page]:
    order = "created_at" if store.plan.resource.order.lstrip("-") == "created_at" else store.plan.key.name
    after, limit = None, FIRST_PAGE
    while True:
        question = Question(filters=filters, search=search, order=order, limit=limit, after=after)
        listing = await store.lists.page(question)
        page = _Page(listing.items)
        if page.items:
            yield page
        if listing.next is None:
            return
        after = listing.next
        limit = max(1, min(LONGEST_PAGE, limit * 4, AIM * len(page.items) // max(page.size, 1)))


class _Json:
    """Rows as JSON, with something before, between and after them."""

    begin = b""
    between = b"\n"

    def __init__(self, _plan: Plan) -> None:
        self._any = False

    def rows(self, shown: Sequence[Any]) -> bytes:
        """Return the text of some rows."""
        text = self.between.join([_encode(each) for each in shown])
        before, self._any = (self.between if self._any else b""), True
        return before + text

    def end(self) -> bytes:
        """Return what comes after the last row."""
        return b"\n" if self._any else b""


class _Array(_Json):
    begin = b"["
    between = b",\n"

    def end(self) -> bytes:
        return b"]\n"


class _Csv:
    """Rows as RFC 4180 has it: a header, documents as JSON text, null as an empty cell."""

    def __init__(self, plan: Plan) -> None:
        self._names = [field.name for field in plan.fields if field.secret is None]
        self.begin = _lines([self._names])

    def rows(self, shown: Sequence[Any]) -> bytes:
        """Return the text of some rows."""
        return _lines([[_cell(getattr(each, name)) for name in self._names] for each in shown])

    def end(self) -> bytes:
        """Return what comes after the last row: nothing."""
        return b""


_FORMATS: dict[Format, Callable[[Plan], Any]] = {"csv": _Csv, "ndjson": _Json, "json": _Array}


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    text = _encode(value).decode()
    # What JSON writes as a text (a time, a UUID, a choice) needs no quotation marks of its own here.
    return msgspec.json.decode(text) if text.startswith('"') and not isinstance(value, msgspec.Raw) else text
