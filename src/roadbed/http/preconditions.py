"""Versions as entity tags: ``If-Match`` and ``If-None-Match`` (RFC 9110, sections 8.8.3 and 13.1)."""

from __future__ import annotations

import re
from collections.abc import Container

from roadbed.kernel.errors import Fault, Invalid

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
TAGS_PATTERN = rf"^(\*|{_TAG}([ \t]*,[ \t]*{_TAG})*)$"
"""What a list of entity tags looks like, for OpenAPI; ours are versions, but any tag is well-formed."""

_TAGS = re.compile(rf"(?:{_TAG})(?:[ \t]*,[ \t]*(?:{_TAG}))*\Z")
_ONE = re.compile(_TAG)


class _Every:
    """The condition ``*``: holds whatever the version is, so long as there is one."""

    def __contains__(self, version: object) -> bool:
        return version is not None


EVERY: Container[int] = _Every()


def read_tags(text: str, name: str, *, weak: bool) -> Container[int]:
    """Read the versions that an ``If-Match`` (``weak=False``) or ``If-None-Match`` (``weak=True``) names.

    The answer is asked with ``in``: ``version in tags``. ``*`` contains every version. A tag that is well-formed but
    none of ours matches nothing; so does a weak tag under strong comparison (RFC 9110, section 8.8.3.2).

    Raises:
        Invalid: the field is malformed.
    """
    text = text.strip(" \t")
    if text == "*":
        return EVERY
    if _TAGS.match(text) is None:
        raise Invalid(faults=[Fault(f"header:{name}", 'Expected `*` or entity tags such as "5"')])
    versions: set[int] = set()
    for tag in _ONE.findall(text):
        if tag.startswith("W/"):
            if not weak:
                continue
            tag = tag[2:]  # noqa: PLW2901 - the comparison is of what stands between the quotes
        version = _version(tag[1:-1])
        if version is not None:
            versions.add(version)
    return versions


def _version(text: str) -> int | None:
    # Only the form that we send: "05" or "+5" would be other tags. Nineteen digits are all that an int64 can have.
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0"):
        return None
    return int(text)
