"""Which place a path leads to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadbed.http.call import Call
from roadbed.http.compiler import compile_groups
from roadbed.http.limits import HttpOptions
from roadbed.http.operations import Operations
from roadbed.http.router import Router
from roadbed.kernel.errors import Fault, Invalid


async def none(call: Call[None]) -> str: ...


async def one(call: Call[None], a: str) -> str: ...


async def two(call: Call[None], a: str, b: str) -> str: ...


TEMPLATES: dict[str, Any] = {
    "/": none,
    "/items": none,
    "/items/": none,
    "/items/new": none,
    "/items/{a}": one,
    "/items/{a}/parts": one,
    "/items/{a}/parts/{b}": two,
    "/items/new/parts/first": none,
    "/files/{a:path}": one,
    "/files/fixed": none,
    "/mixed/{a}/x": one,
    "/mixed/{a:path}": one,
}


def build(templates: dict[str, Any] = TEMPLATES) -> Router:
    operations: Operations[None] = Operations("t", "t")
    for path, function in templates.items():
        operations.get(path)(function)
    return Router(compile_groups([(operations, None)], HttpOptions()))


ROUTER = build()


def found(path: str) -> tuple[str, list[str]] | None:
    match = ROUTER.find(path)
    if match is None:
        return None
    place, segments = match
    return place.endpoints["GET"].operation.path, list(segments)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", ("/", [])),
        ("/items", ("/items", [])),
        ("/items/", ("/items/", [])),
        ("/items/new", ("/items/new", [])),
        ("/items/7", ("/items/{a}", ["7"])),
        ("/items/newer", ("/items/{a}", ["newer"])),
        ("/items/7/parts", ("/items/{a}/parts", ["7"])),
        # A fixed segment goes first, and is given up where it leads nowhere.
        ("/items/new/parts", ("/items/{a}/parts", ["new"])),
        ("/items/new/parts/first", ("/items/new/parts/first", [])),
        ("/items/new/parts/second", ("/items/{a}/parts/{b}", ["new", "second"])),
        ("/files/a", ("/files/{a:path}", ["a"])),
        ("/files/a/b//c/", ("/files/{a:path}", ["a/b//c/"])),
        ("/files/", ("/files/{a:path}", [""])),
        ("/files/fixed", ("/files/fixed", [])),
        ("/files/fixed/more", ("/files/{a:path}", ["fixed/more"])),
        ("/mixed/1/x", ("/mixed/{a}/x", ["1"])),
        ("/mixed/1/y", ("/mixed/{a:path}", ["1/y"])),
        # Escapes: a segment is decoded once, after the path was parted.
        ("/%69tems", ("/items", [])),
        ("/items/%6Eew", ("/items/new", [])),
        ("/items/a%2Fb", ("/items/{a}", ["a/b"])),
        ("/items/a%252Fb", ("/items/{a}", ["a%2Fb"])),
        ("/items/%C3%A9", ("/items/{a}", ["é"])),
        ("/items/%zz", ("/items/{a}", ["%zz"])),
        ("/items/%", ("/items/{a}", ["%"])),
        ("/items/a+b", ("/items/{a}", ["a+b"])),
        ("/files/a%2Fb/c", ("/files/{a:path}", ["a/b/c"])),
        ("/items/..", ("/items/{a}", [".."])),
    ],
)
def test_a_path_leads_to_its_place(path: str, expected: tuple[str, list[str]]) -> None:
    assert expected == found(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "items", "//", "/item", "/Items", "/items//", "//items", "/items/7/", "/items//parts", "/items/7/parts/"),
        *("/items/7/parts/1/2", "/files", "/items%2F7", "/items/7/part", "/mixed", "*", "/items/new/", "/a" * 5000),
    ],
)
def test_other_paths_lead_nowhere(path: str) -> None:
    assert found(path) is None


@pytest.mark.parametrize("path", ["/items/%ff", "/%80", "/items/%C3"])
def test_a_path_that_is_not_utf8_is_refused(path: str) -> None:
    with pytest.raises(Invalid) as caught:
        ROUTER.find(path)
    assert [Fault("path", "The path is not UTF-8")] == list(caught.value.faults)


@given(
    st.lists(st.sampled_from(["items", "new", "parts", "first", "files", "fixed", "mixed", "x", "7", ""]), max_size=7)
)
def test_the_router_agrees_with_trying_all_templates(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    fitting = [template for template in TEMPLATES if _fits(template.split("/")[1:], path.split("/")[1:])]
    expected = min(fitting, key=_rank) if fitting else None
    match = found(path)
    assert expected == (match[0] if match else None)


def _fits(template: list[str], segments: list[str]) -> bool:
    if template and template[0].endswith(":path}"):
        return bool(segments)
    if not template or not segments:
        return not template and not segments
    head = template[0] == segments[0] or (template[0].startswith("{") and segments[0] != "")
    return head and _fits(template[1:], segments[1:])


def _rank(template: str) -> list[int]:
    # Fixed before parameter before rest, from left to right.
    return [2 if part.endswith(":path}") else 1 if part.startswith("{") else 0 for part in template.split("/")]


def test_methods_of_one_path_share_a_place() -> None:
    operations: Operations[None] = Operations("t", "t")
    operations.get("/a/{a}")(one)
    operations.put("/a/{b}")(second)
    operations.delete("/a/{a}")(one)
    match = Router(compile_groups([(operations, None)], HttpOptions())).find("/a/7")
    assert match is not None
    place, segments = match
    assert (place.route, list(segments)) == ("/a/{a}", ["7"])
    assert sorted(place.endpoints) == ["DELETE", "GET", "HEAD", "PUT"]
    assert (place.allow, place.endpoints["PUT"].operation.method) == (b"DELETE, GET, HEAD, PUT, OPTIONS", "PUT")


async def second(call: Call[None], b: str) -> str: ...


def test_head_is_what_get_is() -> None:
    match = ROUTER.find("/items")
    assert match is not None
    assert match[0].endpoints["GET"] is match[0].endpoints["HEAD"]
