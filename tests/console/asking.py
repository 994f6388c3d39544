"""What tests ask the service besides the browser: to make what a page shall show, and to see what it wrote."""

import ssl
from typing import Any

import httpx

from tests.support.service import Service

UNUSED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For ``verify`` of httpx: without it every client reads all the world's authorities first, 20 ms of CPU, to call a
service that speaks plain HTTP."""


def ask(service: Service, method: str, path: str, **options: Any) -> httpx.Response:
    """Call the API; ``options`` are those of httpx."""
    return httpx.request(method, f"{service.base_url}{path}", timeout=30, verify=UNUSED, **options)
