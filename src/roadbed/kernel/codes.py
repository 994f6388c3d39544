"""Codes for people: unguessable, and read aloud without mistakes.

The alphabet is Crockford's base 32 (https://www.crockford.com/base32.html): without ``I``, ``L`` and ``O``, which are
read as 1, 1 and 0, and without ``U``.
"""

from __future__ import annotations

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

GROUPS = 5
GROUP = 4
"""Characters in each group; 20 of 5 bits are 100 bits."""

CODE_PATTERN = "^[ -]*([0-9A-TV-Za-tv-z][ -]*){20}$"
"""What ``read_code`` reads, as a regular expression for documents."""

_HEARD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


def new_code() -> str:
    """Return a new code from the system's source of randomness, such as ``7K3M-Q0ZD-94VA-R8TB-1EHC``."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP)))


def read_code(text: str) -> str:
    """Return a code in the form that ``new_code`` gave it, however somebody wrote it down.

    Raises:
        ValueError: it is none. The message does not repeat it.
    """
    # Beyond ASCII there are letters that become two, or one of ours, in upper case.
    plain = text.upper().translate(_HEARD) if text.isascii() else ""
    if len(plain) != GROUPS * GROUP or not set(plain) <= set(ALPHABET):
        raise ValueError(f"Expected a code of {GROUPS} groups of {GROUP} letters and digits")
    return _grouped(plain)


def _grouped(plain: str) -> str:
    return "-".join(plain[start : start + GROUP] for start in range(0, len(plain), GROUP))
