"""``/console/``: the files of the console's build, and its one page for every other path.

The build (``console/dist`` of a clone, ``roadbed/console`` of an installed package) has its page ``index.html``, and
under ``assets/`` files whose names change with their content, each beside its forms that were compressed when it was
built (``.br``, ``.gz``). A file is read when it is first asked for, in a thread, and then kept. Whoever asks for the
page asks whether there is another build by now: none needs a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from roadbed.http.accepting import best_coding
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply
from roadbed.kernel.errors import NotFound

ROOT = "/console/"
INDEX = "index.html"
ASSETS = "assets/"

_PACKAGE = Path(__file__).parents[1]
FOLDERS = (_PACKAGE / "console", _PACKAGE.parents[1] / "console" / "dist")
"""Where a build may lie: inside an installed package, and in a clone. The first one that is there is served."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
IMMUTABLE = "public, max-age=31536000, immutable"
"""A year, the longest that counts (RFC 9111 names no bound; caches take more for this much)."""

_CODINGS = {"br": ".br", "gzip": ".gz"}
"""Codings and what their files' names end in, the smaller one first."""

# A table of our own: that of the system says other things on other systems.
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_ANY_TYPE = "application/octet-stream"
_MISSING = Path(__file__).parent / "pages" / "no-console.html"


class Content(msgspec.Struct, frozen=True):
    """The bytes of one form of a file, and a number that no other content has."""

    body: bytes
    version: int


class Build:
    """One build: what is not among its files when it is first looked at does not exist."""

    def __init__(self, folder: Path, stamp: tuple[int, ...]) -> None:
        self.folder = folder
        self.stamp = stamp
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        forms = {name + end for name in found for end in _CODINGS.values()} & found
        self.files = {name: self._codings(name, found) for name in found - forms}
        self._contents: dict[tuple[str, str], Content] = {}

    @staticmethod
    def _codings(name: str, found: set[str]) -> tuple[str, ...]:
        return tuple(coding for coding, end in _CODINGS.items() if name + end in found)

    async def read(self, name: str, coding: str) -> Content:
        """Return one form of a file; the coding is empty for the file as it is.

        Raises:
            NotFound: it is gone: another build is being made.
        """
        content = self._contents.get((name, coding))
        if content is None:
            path = self.folder / (name + _CODINGS.get(coding, ""))
            content = self._contents[name, coding] = await asyncio.to_thread(_read, path)
        return content


class Console:
    """The build that is there at the moment, if any."""

    def __init__(self, folders: Sequence[Path] = FOLDERS) -> None:
        self.build: Build | None = None
        self._folders = folders

    async def look(self) -> Build | None:
        """Return the build that is there now."""
        self.build = await asyncio.to_thread(self._newest)
        return self.build

    def _newest(self) -> Build | None:
        known = self.build
        for folder in self._folders:
            try:
                found = (folder / INDEX).stat()
            except OSError:
                continue
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if known is not None and (known.folder, known.stamp) == (folder, stamp):
                return known
            return Build(folder, stamp)
        return None


operations: Operations[Console] = Operations("console", "The pages of this service")


@operations.get("/console", page=True, documented=False, alone=True)
async def without_slash(_call: Call[Console]) -> Reply:
    """Lead to the console: links of its page are relative to the slash."""
    return Reply(status=308, media_type="text/plain", headers={"Location": ROOT})


@operations.get("/console/assets/{name:path}", page=True, documented=False, alone=True)
async def asset(call: Call[Console], name: str) -> Reply:
    """Return a file whose name changes with its content."""
    name = ASSETS + name
    build = call.service.build
    if build is None or name not in build.files:
        build = await call.service.look()
    if build is None or name not in build.files:
        raise NotFound("There is no such file in the console")
    return await _file(call, build, name)


@operations.get("/console/{path:path}", page=True, documented=False, alone=True)
async def page(call: Call[Console], path: str) -> Reply:
    """Return a file beside the page, or the page itself: what is at its other paths is known to it alone."""
    build = await call.service.look()
    if build is None:
        return _missing()
    return await _file(call, build, path if path in build.files else INDEX)


async def _file(call: Call[Console], build: Build, name: str) -> Reply:
    coding = best_coding(call.header("accept-encoding"), build.files[name])
    content = await build.read(name, coding)
    call.version = content.version
    headers = {
        "Vary": "Accept-Encoding",
        "Cache-Control": IMMUTABLE if name.startswith(ASSETS) else "no-cache",
        "Content-Security-Policy": POLICY,
    }
    if coding:
        headers["Content-Encoding"] = coding
    media_type = _MEDIA_TYPES.get(Path(name).suffix, _ANY_TYPE)
    return Reply(body=content.body, media_type=media_type, headers=headers)


def _missing() -> Reply:
    # No fault of the service, which runs without it: nobody shall be called for a 5xx.
    headers = {"Content-Security-Policy": POLICY}
    return Reply(status=404, body=_MISSING.read_bytes(), media_type="text/html; charset=utf-8", headers=headers)


def _read(path: Path) -> Content:
    try:
        body = path.read_bytes()
    except OSError:
        raise NotFound("There is no such file in the console any more") from None
    return Content(body, int.from_bytes(blake2b(body, digest_size=7).digest(), "big"))
