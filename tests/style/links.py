"""Links in Markdown: a relative one leads to a file or folder of the repository, and its anchor to a heading there."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.style.tree import files, text_of

_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)


def is_markdown(path: Path) -> bool:
    return path.suffix == ".md"


def dead_links(path: Path, text: str) -> list[str]:
    """Find relative links that lead nowhere; what stands in code is no link."""
    prose = _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    return [
        f"{prose.count(chr(10), 0, link.start()) + 1}: {target} leads nowhere"
        for link in _LINK.finditer(prose)
        if not _OUTSIDE.match(target := link[1] or link[2]) and not _leads(path, text, target)
    ]


def _leads(path: Path, text: str, target: str) -> bool:
    name, _, anchor = target.partition("#")
    place = Path(os.path.normpath(path.parent / name)) if name else path
    known = set(files())
    if name and place not in known and not any(place in file.parents for file in known):
        return False
    there = text if place == path else (text_of(place) or "") if place in known else ""
    return not anchor or anchor in set(_anchors(there))


def _anchors(text: str) -> Iterator[str]:
    """Yield the anchors of headings, as GitHub makes them."""
    for heading in _HEADING.findall(text):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
