"""What people call the rows of a resource: a heading, many of them, one of them."""

from __future__ import annotations

import re
from typing import Any

from roadbed.resource.declaration import Resource

# In order: the first that fits decides. English has exceptions: ``Resource.singular`` is there to say them.
_ENDINGS = (
    (re.compile(r"(?<=[^aeiou])ies\Z"), "y"),  # copies, entries
    (re.compile(r"(?<=x|o)es\Z|(?<=ch|sh|ss)es\Z|(?<=[^o]us)es\Z"), ""),  # boxes, echoes, batches, classes, statuses
    (re.compile(r"(?<=[^su])s\Z"), ""),  # items, courses; neither glass nor bonus
)


class Names:
    """``title`` is a heading ("Book marks"), ``plural`` and ``singular`` stand within a sentence ("book marks")."""

    def __init__(self, resource: Resource[Any]) -> None:
        plain = resource.called.replace("_", " ")
        self.title = resource.title or plain[:1].upper() + plain[1:]
        # An acronym at the begin stays one: "QR codes".
        self.plural = self.title if self.title[1:2].isupper() else self.title[:1].lower() + self.title[1:]
        self.singular = resource.singular or singular_of(self.plural)


def singular_of(plural: str) -> str:
    """Return an English noun for one of several; only the last word changes. What ends otherwise stays as it is."""
    for ending, instead in _ENDINGS:
        if ending.search(plural):
            return ending.sub(instead, plural)
    return plural


def in_one_line(text: str) -> str:
    """Return a text of a docstring without its line ends and its indentation."""
    return " ".join(text.split())
