"""What became of a write: how it is kept for replays, and who hears of it once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from roadbed.data.joining import tell
from roadbed.resource.secrets import NO_SECRETS, Secrets, unseal


class Done(msgspec.Struct, frozen=True):
    """What became of a write: the row as stored (the last one, of a delete), or of a replay the first one's.

    ``secrets`` are those of new rows, one entry per row; ``sealed`` is how a replay finds them.
    """

    row: Any
    replayed: bool = False
    secrets: Sequence[Secrets] = ()
    sealed: str = ""


class Keeping:
    """How the outcomes of a resource's writes are kept under an ``Idempotency-Key``: sealed secrets, the row as JSON.

    ``row`` is the struct of a row as it is stored.
    """

    def __init__(self, row: Any) -> None:
        self._decode = msgspec.json.Decoder(row).decode
        self._decode_many = msgspec.json.Decoder(list[row]).decode

    def text(self, row: Any, sealed: str = "") -> str:
        """Return the text from which a replay makes the first reply again."""
        return f"{sealed} {msgspec.json.encode(row).decode()}".lstrip()

    def done(self, kept: str, replayed: bool) -> Done:
        """Return what a text says."""
        sealed = ""
        if not kept.startswith(("[", "{")):
            sealed, _, kept = kept.partition(" ")
        row = self._decode_many(kept) if kept.startswith("[") else self._decode(kept)
        return Done(row, replayed, sealed=sealed)


def opened(done: Done, secrets: Sequence[Secrets], sealing: bytes) -> Done:
    """Return what became of a create, with its secrets: of a replay those of the first time."""
    if not done.replayed:
        return Done(done.row, secrets=secrets)
    return Done(done.row, True, unseal(sealing, done.sealed) if done.sealed else [NO_SECRETS] * len(secrets))


class Written:
    """Tells those who listen of the rows that were written, once that is committed: whoever asked may have left.

    ``row`` is the struct of a row as it is stored. What an operator restores, which returns no rows, is not told of.
    """

    def __init__(self, row: type[Any]) -> None:
        self._row = row
        self._listeners: list[Callable[[Sequence[Any]], None]] = []

    def listen(self, listener: Callable[[Sequence[Any]], None]) -> None:
        """Call ``listener`` with the rows of every write from now on, in the thread of the event loop.

        Rows come as they are stored then, deleted ones as they were. A replay is no write. A change that found
        everything as it should be is one. The listener does not block; what it raises is
        logged.
        """
        self._listeners.append(listener)

    def tell(self, outcome: Any) -> None:
        """Tell of an outcome: a row, several of them, or a ``Done`` of these; all else wrote nothing."""
        if not self._listeners:
            return
        if isinstance(outcome, Done):
            outcome = None if outcome.replayed else outcome.row
        given = cast("list[Any]", outcome) if isinstance(outcome, list) else [outcome]
        rows: list[Any] = [row for row in given if isinstance(row, self._row)]
        if rows:
            for listener in self._listeners:
                tell(listener, rows)
