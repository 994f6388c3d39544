"""What a page may not do while a test looks at it, and what axe says of it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import ConsoleMessage, Error, Page, Request

from tests.style.tree import ROOT
from tests.support.programs import ProgramMissingError, find_program

AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first one is the same browser without its windows: pages open in half the time."""
WITHIN = ("data:", "blob:", "about:")
"""Addresses that nobody is asked for."""

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


def chromium() -> str:
    """Return the path of the system's Chromium."""
    for name in CHROMIUMS[:-1]:
        try:
            return find_program(name)
        except ProgramMissingError:
            continue
    return find_program(CHROMIUMS[-1])


class Watch:
    """Notes what a page must not do: errors in its console (a breach of its policy is one), requests to elsewhere.

    A failure that a test is about is foreseen by a pattern before it happens: Chromium notes any reply of 400 or more.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.noted: list[str] = []
        self._foreseen: list[str] = []

    def over(self, page: Page) -> None:
        """Watch a page."""
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("request", self._on_request)

    def foresee(self, pattern: str) -> None:
        """Let what matches a regular expression pass, and expect it to happen."""
        self._foreseen.append(pattern)

    def problems(self) -> list[str]:
        """Return what nobody foresaw, and what was foreseen and did not happen."""
        unforeseen = [text for text in self.noted if not any(re.search(each, text) for each in self._foreseen)]
        missed = [each for each in self._foreseen if not any(re.search(each, text) for text in self.noted)]
        return unforeseen + [f"did not happen: {each}" for each in missed]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.noted.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: Error) -> None:
        self.noted.append(f"page error: {error}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *WITHIN)):
            self.noted.append(f"request to elsewhere: {request.url}")


@cache
def _axe() -> str:
    if not Path(AXE).is_file():
        raise ProgramMissingError(
            "axe-core is missing: `scripts/console packages` installs it into console/node_modules"
        )
    return AXE.read_text(encoding="utf-8")


# Of each other kind of result axe then makes one node per rule and no more, and none leaves the page: to describe all
# that passes takes most of its time, on a page of a hundred rows. Every rule runs on every element all the same.
FIND = """async ([within, tags]) => {
    const told = await axe.run(within, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})
    return told.violations
}"""


async def violations(page: Page, within: str = "html") -> list[str]:
    """Return what axe finds wrong with a page as it is now: the rule, why, and where."""
    if not await page.evaluate("'axe' in window"):
        # As an expression from outside: the page's policy lets no such script in.
        await page.evaluate(_axe())
    found: list[dict[str, Any]] = await page.evaluate(FIND, [within, list(RULES)])
    return [
        f"{violation['id']}: {violation['help']}: {node['html']}: {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


async def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window: people would have to scroll sideways."""
    return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
