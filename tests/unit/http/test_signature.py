"""Declarations: what is wrong with any of them is told at once, with domain, path and function."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from roadbed.data.listing import Listing
from roadbed.http.call import Call
from roadbed.http.compiler import compile_groups
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operation, Operations
from roadbed.http.paging import Page
from roadbed.http.reply import Reply
from roadbed.http.signature import Signature, read_signature, template_names
from roadbed.kernel.errors import ConfigurationError
from tests.unit.http.declarations import (
    Body,
    Cursor,
    call_not_first,
    double_starred,
    everything,
    no_call,
    no_return,
    no_type,
    not_async,
    nothing,
    paged,
    paged_twice,
    plain,
    positional,
    starred,
    unknown_type,
    with_bad_bound,
    with_body,
    with_default_body,
    with_default_id,
    with_dict,
    with_id,
    with_lax_body,
    with_lax_inner_body,
    with_list_id,
    with_odd_body,
    with_struct,
)


def read(function: Any, path: str = "/a", method: str = "GET", **options: Any) -> tuple[Signature | None, list[str]]:
    problems: list[str] = []
    operation = Operation(group="g", method=method, path=path, function=function, **options)
    return read_signature(operation, problems), [problem.partition("): ")[2] for problem in problems]


def understood(function: Any, path: str = "/a", method: str = "GET", **options: Any) -> Signature:
    signature, problems = read(function, path, method, **options)
    assert problems == []
    assert signature is not None
    return signature


def test_each_parameter_has_its_place() -> None:
    found = understood(everything, "/accounts/{account_id}", "POST")
    places = [(parameter.place, parameter.name, parameter.many) for parameter in found.parameters]
    expected = [
        ("path", "account_id", False),
        ("query", "at", False),
        ("query", "tag", True),
        ("header", "X-Tenant", False),
    ]
    assert expected == places
    assert (True, Body, Body, None, False) == (found.has_body, found.body, found.returns, found.row, found.is_raw)


def test_the_code_tells_what_it_sets() -> None:
    found = understood(everything, "/accounts/{account_id}", "POST")
    assert frozenset({"version", "location"}) == found.sets


def test_path_parameters_are_in_the_order_of_the_path() -> None:
    async def handler(call: Call[None], second: int, first: int) -> str: ...

    found = understood(handler, "/{first}/{second}")
    assert [parameter.name for parameter in found.parameters] == ["first", "second"]


def test_a_page_is_seen() -> None:
    async def handler(call: Call[None], page: Page[Cursor]) -> Listing[Body]: ...

    found = understood(handler)
    assert ("page", Cursor, Body) == (found.page_argument, found.cursor, found.row)


def test_a_raw_reply_is_seen() -> None:
    async def handler(call: Call[None]) -> Reply: ...

    assert understood(handler).is_raw


def test_the_call_may_be_bare_and_named_otherwise() -> None:
    async def handler(_context: Call) -> str: ...

    assert understood(handler).parameters == ()


def test_keyword_only_parameters_are_as_good() -> None:
    async def handler(call: Call[None], *, number: int) -> str: ...

    assert [parameter.name for parameter in understood(handler).parameters] == ["number"]


ONE_PARAMETER = "{number} of the path needs exactly one parameter of this name"


Declared = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize(
    ("function", "path", "method", "options", "expected"),
    [
        (not_async, "/a", "GET", {}, ["a handler is an `async def`"]),
        (no_call, "/a", "GET", {}, ["the first parameter is the call: `call: Call[Service]`"]),
        (call_not_first, "/a", "GET", {}, ["the first parameter is the call: `call: Call[Service]`"]),
        (no_type, "/a", "GET", {}, ["`number` has no type"]),
        (unknown_type, "/a", "GET", {}, ["its annotations cannot be read: name 'Nowhere' is not defined"]),
        (no_return, "/a", "GET", {}, ["it has no return type"]),
        (starred, "/a", "GET", {}, ["`*numbers`: every parameter has a name of its own"]),
        (double_starred, "/a", "GET", {}, ["`*numbers`: every parameter has a name of its own"]),
        (positional, "/a", "GET", {}, ["`number` is handed over by name and cannot be positional-only"]),
        (with_body, "/a", "GET", {}, ["a GET reads no body"]),
        (with_default_body, "/a", "POST", {}, ["a body has no default"]),
        (
            with_lax_body,
            "/a",
            "POST",
            {},
            ["its body takes unknown fields: Lax needs forbid_unknown_fields=True"],
        ),
        (
            with_lax_inner_body,
            "/a",
            "POST",
            {},
            ["its body takes unknown fields: Lax needs forbid_unknown_fields=True"],
        ),
        (with_dict, "/a", "GET", {}, ["`number`: dict[str, int] cannot be read from a query"]),
        (
            with_list_id,
            "/{number}",
            "GET",
            {},
            ["`number`: list[int] cannot be read from a path", ONE_PARAMETER],
        ),
        (with_default_id, "/{number}", "GET", {}, ["`number`: a path parameter has no default"]),
        (plain, "/{number}", "GET", {}, [ONE_PARAMETER]),
        (
            with_id,
            "/{number}/{number}",
            "GET",
            {},
            [ONE_PARAMETER, ONE_PARAMETER],
        ),
        (paged, "/a", "GET", {}, ["a handler that takes a Page returns a Listing"]),
        (
            paged_twice,
            "/a",
            "GET",
            {},
            ["`limit` is a name of paging", "`after` is a name of paging", "`total` is a name of paging"],
        ),
        (plain, "/a", "GET", {"limit": 0}, ["limit=0 is not within 1 and 1000"]),
        (plain, "/a", "GET", {"limit": 1001}, ["limit=1001 is not within 1 and 1000"]),
        (plain, "/a", "GET", {"status": 99}, ["99 is no status of a reply"]),
        (plain, "/a", "GET", {"also": {700: "x"}}, ["700 is no status of a reply"]),
        (
            plain,
            "/a",
            "GET",
            {"conditional": True},
            ["conditional=True is for writes; a GET that sets call.version is conditional by itself"],
        ),
        (plain, "/a", "POST", {"consumes": ()}, ["consumes is empty"]),
        (nothing, "/a", "DELETE", {}, ["a handler that returns nothing answers 204: status=204"]),
        (plain, "a", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "//a", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "/a b", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "/a?b", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "/{A}", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (plain, "/x{a", "GET", {}, ["the path is no template such as /accounts/{account_id}"]),
        (
            with_id,
            "/{number:path}/x",
            "GET",
            {},
            ["a parameter with :path takes the rest of the path and must be its end"],
        ),
    ],
)
def test_a_mistake_is_told(
    function: Declared, path: str, method: str, options: dict[str, Any], expected: list[str]
) -> None:
    assert (None, expected) == read(function, path, method, **options)


@pytest.mark.parametrize("function", [with_struct, with_bad_bound, with_odd_body])
def test_a_type_that_cannot_be_read_is_told(function: Declared) -> None:
    signature, problems = read(function, "/a", "POST")
    assert (signature, len(problems)) == (None, 1)


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a.b/-_~", "/{number}", "/a/{number}/b", "/a/{number:path}"])
def test_a_template_may_look_like_this(path: str) -> None:
    function = with_id if "{" in path else plain
    assert read(function, path)[1] == []


def test_the_names_in_a_template() -> None:
    assert template_names("/x/{a}/y/{b_2:path}") == ["a", "b_2"]


def declare() -> Operations[None]:
    operations: Operations[None] = Operations("shop", "A shop")
    operations.get("/a")(plain)
    operations.get("/b", limit=0)(plain)
    operations.post("/c")(with_default_body)
    operations.get("/{x}")(not_async)  # pyright: ignore[reportArgumentType]
    return operations


def test_all_mistakes_of_all_operations_are_told_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_groups([(declare(), None)], HttpOptions())
    expected = (
        "shop: GET /b (plain): limit=0 is not within 1 and 1000",
        "shop: POST /c (with_default_body): a body has no default",
        "shop: GET /{x} (not_async): a handler is an `async def`",
    )
    assert expected == caught.value.problems


def claims(name: str, *declared: tuple[str, str, Any]) -> Operations[None]:
    operations: Operations[None] = Operations(name, name)
    for method, path, function in declared:
        getattr(operations, method)(path)(function)
    return operations


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("get", "/a", plain), ("get", "/a", plain)),
        (("get", "/{number}", with_id), ("get", "/{number}", with_id)),
        (("get", "/{number}", with_id), ("get", "/{other}", plain)),
        (("get", "/a/{number:path}", with_id), ("get", "/a/{other:path}", plain)),
    ],
)
def test_two_domains_cannot_claim_one_path(first: Any, second: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_groups([(claims("one", first), None), (claims("two", second), None)], HttpOptions())
    where = (
        f"two: GET {second[1]} ({second[2].__name__}): the path is taken by one: GET {first[1]} ({first[2].__name__})"
    )
    assert where == caught.value.problems[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("get", "/a", plain), ("post", "/a", plain)),
        (("get", "/a", plain), ("get", "/{number}", with_id)),
        (("get", "/{number}", with_id), ("get", "/{number:path}", with_id)),
        (("get", "/a", plain), ("get", "/a/", plain)),
    ],
)
def test_paths_that_differ_live_together(first: Any, second: Any) -> None:
    found = compile_groups([(claims("one", first), None), (claims("two", second), None)], HttpOptions())
    assert len(found) == 2


@pytest.mark.parametrize("path", ["/own", "/own/more", "/own/{number}", "/own/{number:path}"])
def test_nobody_else_has_paths_where_one_has_claimed_all(path: str) -> None:
    owner: Operations[None] = Operations("owner", "Owner", claims=("/other", "/own"))
    owner.get("/own/first")(plain)
    function = with_id if "number" in path else plain
    guest = claims("guest", ("post" if path == "/own" else "get", path, function))
    with pytest.raises(ConfigurationError) as caught:
        compile_groups([(guest, None), (owner, None)], HttpOptions())
    assert any("/own and all below it belong to owner" in problem for problem in caught.value.problems)


@pytest.mark.parametrize("path", ["/owned", "/first/own", "/{number}"])
def test_a_claim_goes_no_further_than_its_path(path: str) -> None:
    owner: Operations[None] = Operations("owner", "Owner", claims=("/own",))
    guest = claims("guest", ("get", path, with_id if "number" in path else plain))
    assert len(compile_groups([(owner, None), (guest, None)], HttpOptions())) == 1
