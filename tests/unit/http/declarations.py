"""Handlers, right and wrong, for the tests of declarations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.incoming import Stream
from roadbed.http.operations import Header, Query
from roadbed.http.paging import Page
from roadbed.http.reply import Reply


class Cursor(msgspec.Struct, array_like=True):
    number: int


class Body(msgspec.Struct, forbid_unknown_fields=True):
    number: int


class Lax(msgspec.Struct):
    number: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[Lax]


async def everything(
    call: Call[None],
    account_id: UUID,
    body: Body,
    at: datetime,
    tag: list[int] | None = None,
    tenant: Annotated[str, Header("X-Tenant")] = "t",
) -> Body:
    call.version = 1
    call.location = "/"
    return body


async def plain(call: Call[None]) -> str: ...


def not_async(call: Call[None]) -> str: ...


async def no_call() -> str: ...


async def call_not_first(number: int, call: Call[None]) -> str: ...


async def no_type(call: Call[None], number) -> str: ...


async def unknown_type(call: Call[None], number: "Nowhere") -> str: ...  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


async def no_return(call: Call[None]): ...


async def starred(call: Call[None], *numbers: int) -> str: ...


async def double_starred(call: Call[None], **numbers: int) -> str: ...


async def positional(call: Call[None], number: int, /) -> str: ...


async def with_body(call: Call[None], body: Body) -> str: ...


async def with_default_body(call: Call[None], body: Body = Body(1)) -> str: ...  # noqa: B008


async def with_odd_body(call: Call[None], body: Lax | Body) -> str: ...


async def with_lax_body(call: Call[None], body: Lax) -> str: ...


async def with_lax_inner_body(call: Call[None], body: Outer | None) -> str: ...


async def with_dict(call: Call[None], number: dict[str, int]) -> str: ...


async def with_struct(call: Call[None], number: Body) -> str: ...


async def with_bad_bound(call: Call[None], number: Annotated[str, msgspec.Meta(ge=1)]) -> str: ...


async def with_id(call: Call[None], number: int) -> str: ...


async def with_list_id(call: Call[None], number: list[int]) -> str: ...


async def with_default_id(call: Call[None], number: int = 5) -> str: ...


async def paged(call: Call[None], page: Page[Cursor]) -> list[int]: ...


async def paged_twice(call: Call[None], page: Page[Cursor], limit: int, after: str, total: bool) -> Listing[int]: ...


async def nothing(call: Call[None]) -> None: ...


async def with_stream(call: Call[None], body: Stream) -> str: ...


async def with_stream_of_rows(call: Call[None], body: Stream[list[Body]]) -> str: ...


async def listing_or_reply(call: Call[None], page: Page[Cursor]) -> Listing[Body] | Reply: ...


async def named_query(call: Call[None], least: Annotated[int | None, Query("price.gte")] = None) -> str: ...


async def named_path(call: Call[None], number: Annotated[int, Query("other")]) -> str: ...


async def named_twice(call: Call[None], first: str, second: Annotated[str, Query("first")]) -> str: ...
