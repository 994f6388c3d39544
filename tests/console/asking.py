"""What tests ask the service besides the browser: to make what a page shall show, and to see what it wrote."""

from typing import Any

import httpx

from tests.support.service import Service


def ask(service: Service, method: str, path: str, **options: Any) -> httpx.Response:
    """Call the API; ``options`` are those of httpx."""
    return httpx.request(method, f"{service.base_url}{path}", timeout=30, **options)
