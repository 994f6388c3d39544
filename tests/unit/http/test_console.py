"""The console: files with their forms, the page at every other path, and what is said where nothing was built."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from roadbed.http import console
from roadbed.http.console import IMMUTABLE, POLICY, Console
from roadbed.http.edge import Edge
from tests.unit.http.driving import Recorder, Reply, ask, make_edge

SCRIPT = b"console.log('a script')" * 50
PAGE = b"<!doctype html><title>Roadbed</title>"
BROTLI = b"not really brotli, which nobody here reads"
SECRET = b"outside of the build"
FORMS = {"br": BROTLI, "gzip": gzip.compress(SCRIPT, mtime=0), None: SCRIPT}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build as Vite leaves it, and a file beside it."""
    found = tmp_path / "dist"
    files = {
        "index.html": PAGE,
        "favicon.svg": b"<svg/>",
        "assets/index-C0ffee.js": SCRIPT,
        "assets/index-C0ffee.js.br": BROTLI,
        "assets/index-C0ffee.js.gz": FORMS["gzip"],
        "assets/inter-C0ffee.woff2": b"font",
        "assets/world-C0ffee.json": b"{}",
        "assets/alone-C0ffee.br": b"what only looks like a form of something",
        "assets/look-C0ffee.css": b"a{}",
        "assets/strange-C0ffee.xyz": b"?",
        "../secret.txt": SECRET,
    }
    for name, body in files.items():
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_bytes(body)
    return found


@pytest.fixture
def served(folder: Path) -> tuple[Edge, Recorder]:
    return make_edge(console.operations, Console([folder.parent / "nothing", folder]))


@pytest.fixture
def edge(served: tuple[Edge, Recorder]) -> Edge:
    return served[0]


SCRIPT_AT = "/console/assets/index-C0ffee.js"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.2, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5", "br"),
        ("*", "br"),
        ("*;q=0.1, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("identity;q=1, br;q=0.9, gzip;q=0.5", None),
        ("identity;q=0.5, br;q=0.5", "br"),
        ("deflate, zstd", None),
        ("identity;q=0", None),
        ("*;q=0", None),
        ("br;q=nonsense", None),
    ],
)
async def test_a_file_comes_in_the_form_that_suits_best(edge: Edge, accepted: str | None, coding: str | None) -> None:
    reply = await ask(edge, f"GET {SCRIPT_AT}", headers={} if accepted is None else {"Accept-Encoding": accepted})
    assert (reply.status, reply.header("content-encoding"), reply.body) == (200, coding, FORMS[coding])
    assert reply.header("vary") == "Accept-Encoding"
    assert reply.header("content-type") == "text/javascript; charset=utf-8"
    assert reply.header("content-length") == str(len(reply.body))


async def test_what_was_not_compressed_comes_as_it_is(edge: Edge) -> None:
    reply = await ask(edge, "GET /console/assets/inter-C0ffee.woff2", headers={"Accept-Encoding": "br, gzip"})
    assert (reply.body, reply.header("content-encoding"), reply.header("vary")) == (b"font", None, "Accept-Encoding")


@pytest.mark.parametrize(
    ("path", "media", "cached"),
    [
        ("assets/index-C0ffee.js", "text/javascript; charset=utf-8", IMMUTABLE),
        ("assets/look-C0ffee.css", "text/css; charset=utf-8", IMMUTABLE),
        ("assets/world-C0ffee.json", "application/json", IMMUTABLE),
        ("assets/inter-C0ffee.woff2", "font/woff2", IMMUTABLE),
        ("assets/strange-C0ffee.xyz", "application/octet-stream", IMMUTABLE),
        ("assets/alone-C0ffee.br", "application/octet-stream", IMMUTABLE),
        ("favicon.svg", "image/svg+xml", "no-cache"),
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        ("", "text/html; charset=utf-8", "no-cache"),
        ("ledger", "text/html; charset=utf-8", "no-cache"),
    ],
)
async def test_types_lifetimes_and_policies(edge: Edge, path: str, media: str, cached: str) -> None:
    reply = await ask(edge, f"GET /console/{path}?utm_source=letter")
    found = (reply.status, reply.header("content-type"), reply.header("cache-control"))
    assert found == (200, media, cached)
    assert reply.header("content-security-policy") == POLICY
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("cross-origin-resource-policy") == "same-origin"
    assert sorted(set(reply.names)) == sorted(reply.names)


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'; ")


async def fresh(edge: Edge, path: str, coding: str, method: str = "GET", tag: str = "") -> Reply:
    headers: Mapping[str, str] = {"Accept-Encoding": coding, **({"If-None-Match": tag} if tag else {})}
    return await ask(edge, f"{method} {path}", headers=headers)


@pytest.mark.parametrize("path", [SCRIPT_AT, "/console/", "/console/kv/a.b/c"])
async def test_what_is_known_is_not_sent_again(edge: Edge, path: str) -> None:
    first = await fresh(edge, path, "br")
    tag = first.header("etag") or ""
    again = await fresh(edge, path, "br", tag=f'"1", W/{tag}')
    assert (again.status, again.body, again.header("etag")) == (304, b"", tag)
    for name in ("vary", "cache-control", "content-security-policy"):
        assert again.header(name) == first.header(name)


async def test_each_form_has_a_tag_of_its_own(edge: Edge) -> None:
    tags = [(await fresh(edge, SCRIPT_AT, coding)).header("etag") for coding in ("br", "gzip", "identity")]
    assert len(set(tags)) == 3
    assert (await fresh(edge, SCRIPT_AT, "gzip", tag=tags[0] or "")).status == 200


async def test_head_has_the_fields_of_get(edge: Edge) -> None:
    for path in (SCRIPT_AT, "/console/kv", "/console"):
        replies = [
            await ask(edge, f"{method} {path}", headers={"X-Request-Id": "same", "Accept-Encoding": "br"})
            for method in ("GET", "HEAD")
        ]
        assert (replies[0].status, replies[0].headers, replies[1].body) == (
            replies[1].status,
            replies[1].headers,
            b"",
        )


@pytest.mark.parametrize("path", ["/console/", "/console/kv", "/console/kv/a.js", "/console/assets", "/console/%41/x"])
async def test_every_other_path_is_the_page(edge: Edge, path: str) -> None:
    assert ((await ask(edge, f"GET {path}")).body) == PAGE


async def test_without_its_slash_it_leads_to_itself(edge: Edge) -> None:
    reply = await ask(edge, "GET /console?theme=dark")
    assert (reply.status, reply.header("location"), reply.body) == (308, "/console/", b"")


@pytest.mark.parametrize("name", ["none-C0ffee.js", "", "index-C0ffee.js.br", "index-C0ffee.js/", "INDEX-C0FFEE.JS"])
async def test_a_file_that_is_not_there_is_missing(edge: Edge, name: str) -> None:
    reply = await ask(edge, f"GET /console/assets/{name}")
    assert (reply.status, reply.header("content-type")) == (404, "application/problem+json")
    assert reply.header("cache-control") == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "assets/../../secret.txt",
        "assets/..%2f..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "assets/%2e%2e/%2e%2e/secret.txt",
        "..%5csecret.txt",
        "/etc/passwd",
        "assets//etc/passwd",
        "assets/%2fetc%2fpasswd",
        "....//secret.txt",
        "assets/index-C0ffee.js%00",
        "assets/%ff",
    ],
)
async def test_nothing_outside_of_the_build_is_shown(edge: Edge, path: str) -> None:
    reply = await ask(edge, f"GET /console/{path}")
    assert (SECRET in reply.body, b"root:" in reply.body, reply.status < 500) == (False, False, True)
    assert reply.body == PAGE or reply.status in (400, 404)


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/kv", SCRIPT_AT])
async def test_it_is_only_read(edge: Edge, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "BREW"):
        reply = await ask(edge, f"{method} {path}")
        assert (reply.status, reply.header("allow")) == (405, "GET, HEAD, OPTIONS")


async def test_metrics_and_logs_tell_of_routes_and_not_of_files(served: tuple[Edge, Recorder]) -> None:
    edge, recorder = served
    for path in ("/console", "/console/", "/console/kv", SCRIPT_AT, "/console/assets/none"):
        await ask(edge, f"GET {path}")
    routes = [event.route for event in recorder.finished]
    assert routes == ["/console", *["/console/{path}"] * 2, *["/console/assets/{name}"] * 2]


async def test_another_build_is_served_without_a_restart(edge: Edge, folder: Path) -> None:
    before = await ask(edge, "GET /console/")
    (folder / "assets" / "index-New0ne.js").write_bytes(b"new")
    (folder / "index.html").write_bytes(PAGE + b"<p>new")
    # A process that was not asked for the new page yet is asked for its files.
    assert (await ask(edge, "GET /console/assets/index-New0ne.js")).body == b"new"
    after = await ask(edge, "GET /console/")
    assert (after.body, after.header("etag") == before.header("etag")) == (PAGE + b"<p>new", False)


async def test_a_file_that_goes_while_another_build_is_made_is_missing(edge: Edge, folder: Path) -> None:
    await ask(edge, "GET /console/")
    (folder / "assets" / "index-C0ffee.js").unlink()
    assert (await ask(edge, f"GET {SCRIPT_AT}")).status == 404


async def test_what_was_read_is_kept(edge: Edge, folder: Path) -> None:
    first = await ask(edge, f"GET {SCRIPT_AT}")
    (folder / "assets" / "index-C0ffee.js").unlink()
    assert (await ask(edge, f"GET {SCRIPT_AT}")).body == first.body


async def test_without_a_build_a_page_says_how_to_get_one(tmp_path: Path) -> None:
    edge, recorder = make_edge(console.operations, Console([tmp_path]))
    for path in ("/console/", "/console/ledger"):
        reply = await ask(edge, f"GET {path}")
        assert (reply.status, reply.header("content-type")) == (404, "text/html; charset=utf-8")
        assert (b"make console" in reply.body, reply.header("cache-control")) == (True, "no-store")
        assert reply.header("content-security-policy") == POLICY
    assert (await ask(edge, f"GET {SCRIPT_AT}")).header("content-type") == "application/problem+json"
    style = await ask(edge, "GET /docs/assets/no-console.css")
    assert (style.status, recorder.failed) == (200, [])


async def test_a_build_that_is_made_later_is_found(tmp_path: Path) -> None:
    edge, _ = make_edge(console.operations, Console([tmp_path / "dist"]))
    assert (await ask(edge, "GET /console/")).status == 404
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_bytes(PAGE)
    assert (await ask(edge, "GET /console/")).body == PAGE


def test_a_build_lies_in_an_installed_package_or_in_a_clone() -> None:
    package = Path(console.__file__).parents[1]
    assert (package / "console", package.parents[1] / "console" / "dist") == console.FOLDERS
