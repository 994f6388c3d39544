"""``/openapi.json`` and ``/docs``: the document, and a page that shows it with Swagger UI, all from local files.

The page works without a network, and under a policy that lets no inline script run. Swagger UI itself lies in
``vendor/swagger-ui``.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from roadbed.http import conventions
from roadbed.http.asgi import App, Receive, Scope, Send
from roadbed.http.call import Call
from roadbed.http.mounts import Mount
from roadbed.http.operations import Operations
from roadbed.http.reply import Reply

ASSETS = "/docs/assets"

_HERE = Path(__file__).parent
_PAGES = _HERE / "pages"
_SWAGGER = _HERE / "vendor" / "swagger-ui"


class Documentation:
    """What the page shows. The document is made when it is first asked for: a start need not wait for it."""

    def __init__(self, describe: Callable[[], bytes]) -> None:
        self._describe = describe
        self._document = b""
        self._page = b""

    def document(self) -> bytes:
        """Return the OpenAPI document as JSON text."""
        if not self._document:
            self._document = self._describe()
        return self._document

    def page(self) -> bytes:
        """Return the page as HTML."""
        if not self._page:
            self._page = (_PAGES / "docs.html").read_bytes()
        return self._page


operations: Operations[Documentation] = Operations("documentation", "What this service offers")


@operations.get("/openapi.json", documented=False, alone=True)
async def openapi(call: Call[Documentation]) -> Reply:
    """Return the OpenAPI document."""
    return _with_tag(call, call.service.document(), "application/json", {})


@operations.get("/docs", documented=False, alone=True)
async def docs(call: Call[Documentation]) -> Reply:
    """Return the page that shows the document."""
    headers = {"Content-Security-Policy": conventions.PAGE_POLICY.decode("ascii")}
    return _with_tag(call, call.service.page(), "text/html; charset=utf-8", headers)


def _with_tag(call: Call[Documentation], body: bytes, media_type: str, headers: dict[str, str]) -> Reply:
    # Versions are numbers: that of a document is a digest of it. Browsers then ask only whether it has changed.
    call.version = int.from_bytes(blake2b(body, digest_size=7).digest(), "big")
    return Reply(body=body, media_type=media_type, headers=headers)


def assets() -> Mount:
    """Return the mount of the page's scripts and styles."""
    files: App | None = None

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal files
        if files is None:
            files = _static_files()
        await files(scope, receive, send)

    return Mount(serve)


def _static_files() -> App:
    # Starlette's files and replies take a while to import, and few starts ever show the page.
    from starlette.staticfiles import StaticFiles

    found = StaticFiles(directory=_PAGES)
    found.all_directories.append(_SWAGGER)
    return found
