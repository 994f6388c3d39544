"""Whole lines out of bytes that come in parts, in bounded memory."""

from __future__ import annotations

BLOCK = 64 * 1024
"""Bytes that are read, and then written, at once: some hundred rows."""

LONGEST_ROW = 2 * 1024 * 1024
"""Bytes of one row as it is written in a file. What is longer is no row: no request could create it either."""

SHOWN = 1000
"""Characters of a row that are kept to tell what was left out."""


class Lines:
    """Collects bytes until they are worth reading; gives lines, each with its line feed."""

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self._held: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, part: bytes) -> list[bytes]:
        """Take some bytes; return lines, or nothing until there are many of them."""
        self._held.append(part)
        self._size += len(part)
        if self._size < self._block:
            return []
        whole = b"".join(self._held)
        end = whole.rfind(b"\n") + 1
        # Of a line that never ends the beginning is kept: it will be told of as one that is too long.
        rest = whole[end:][: LONGEST_ROW + 1]
        self._held, self._size = [rest], 0
        return self._split(whole[:end])

    def finish(self) -> list[bytes]:
        """Return what is left; the last line may have no end."""
        whole = b"".join(self._held)
        self._held, self._size = [], 0
        return self._split(whole)

    def _split(self, whole: bytes) -> list[bytes]:
        if whole and not self._begun:
            self._begun = True
            whole = whole.removeprefix(b"\xef\xbb\xbf")
        lines = whole.split(b"\n")
        last = lines.pop()
        return [line + b"\n" for line in lines] + ([last] if last else [])


def shown(text: bytes) -> str:
    """Return a row as it was, for people; the end of a long one is left out."""
    return text[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN].strip("\r\n")
