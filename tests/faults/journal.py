"""What the clients of a run were told: acknowledged, refused, or nothing that they could rely on."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.faults.wire import Reply
from tests.faults.writes import Entry, Write

OUTCOME_UNKNOWN = frozenset({"outcome-unknown", "deadline-exceeded", "still-running"})
"""Problems that say: it may have taken effect, or take effect yet."""

CONFLICTS = frozenset({"balance-floor", "already-reversed"})
"""Refusals that the mix provokes: a floor, and a reversal that raced with another one."""

PASSING = (503, 507)
"""Statuses that tell a client to come again."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def to_entry(row: Mapping[str, Any]) -> Entry:
    """Read a transaction as the service shows it."""
    return Entry(
        UUID(row["transaction_id"]),
        UUID(row["account_id"]),
        row["amount"],
        to_micros(row["created_at"]),
        row["sequence"],
        row["balance"],
        UUID(row["transfer_id"]) if row["transfer_id"] else None,
        UUID(row["reverses"]) if row["reverses"] else None,
    )


class Journal:
    """The record of a run. ``findings`` are replies that no service should give, whatever happens to it."""

    def __init__(self) -> None:
        self.acknowledged: dict[Write, tuple[Entry, ...]] = {}
        self.unknown: dict[Write, str] = {}
        self.refused: Counter[str] = Counter()
        self.lost = 0
        self.unreachable = 0
        self.read = 0
        self.findings: list[str] = []

    def note_reply(self, write: Write, reply: Reply) -> tuple[Entry, ...]:
        """Sort the reply to a write in; return the rows that it acknowledges."""
        if reply.status in (200, 201):
            return self._acknowledge(write, reply)
        self.note_failure(reply, write.path)
        if reply.slug in OUTCOME_UNKNOWN:
            self.unknown[write] = reply.slug
        elif reply.status in PASSING or (reply.status == 409 and reply.slug in CONFLICTS):
            self.refused[reply.slug] += 1
            self.unknown.pop(write, None)
            if write in self.acknowledged and reply.status not in PASSING:
                self.findings.append(f"{write.path}: {reply.status} {reply.slug} for what was acknowledged before")
        else:
            self.findings.append(f"{write.path}: {reply.status} {reply.body[:300]!r}")
        return ()

    def note_failure(self, reply: Reply, path: str) -> None:
        """Look at a failure's form: a problem, and when to come again where that makes sense."""
        if not reply.slug:
            self.findings.append(f"{path}: {reply.status} is no problem document: {reply.body[:300]!r}")
        after = reply.headers.get("retry-after", "")
        if reply.status in PASSING and not (after.isdecimal() and int(after) >= 1):
            self.findings.append(f"{path}: {reply.status} with Retry-After {after!r}")

    def told(self, slugs: Collection[str]) -> int:
        """Count the writes that were refused, or left unknown, in one of these ways."""
        refused = sum(self.refused[slug] for slug in slugs)
        return refused + sum(reason in slugs for reason in self.unknown.values())

    def note_lost(self, write: Write) -> None:
        """The connection broke: nobody knows."""
        self.lost += 1
        if write not in self.acknowledged:
            self.unknown[write] = "lost"

    def note_read(self, entry: Entry, reply: Reply) -> None:
        """Compare a read of what was acknowledged before with what was said then."""
        if reply.status in PASSING:
            self.note_failure(reply, "read")
            return
        self.read += 1
        if reply.status != 200 or to_entry(reply.json()) != entry:
            self.findings.append(f"read {entry.transaction_id}: {reply.status} {reply.body[:300]!r}, expected {entry}")

    def _acknowledge(self, write: Write, reply: Reply) -> tuple[Entry, ...]:
        content = reply.json()
        rows: Sequence[Any] = content.get("transactions", [content])
        entries = tuple(to_entry(row) for row in rows)
        if sorted((entry.account_id, entry.amount) for entry in entries) != sorted(write.legs):
            self.findings.append(f"{write.path}: acknowledged {entries}, asked for {write.legs}")
        before = self.acknowledged.setdefault(write, entries)
        if before != entries:
            self.findings.append(f"{write.path}: first {before}, then {entries}")
        self.unknown.pop(write, None)
        return entries

    def differences(self, rows: Sequence[Entry]) -> list[str]:
        """Compare with the rows of the database: every acknowledged one is there as it was told, and once.

        Beyond those there may be rows only of writes whose outcome is unknown, at most once each.
        """
        found: list[str] = []
        stored = {row.transaction_id: row for row in rows}
        if len(stored) != len(rows):
            found.append(f"{len(rows) - len(stored)} ids are stored twice")
        for entries in self.acknowledged.values():
            for entry in entries:
                row = stored.pop(entry.transaction_id, None)
                if row is None:
                    found.append(f"lost, or acknowledged twice: {entry}")
                elif row != entry:
                    found.append(f"changed: {entry} is stored as {row}")
        possible = {leg: write for write in self.unknown for leg in write.legs}
        found.extend(
            f"written though nobody was told so, or twice: {row}"
            for row in stored.values()
            if possible.pop((row.account_id, row.amount), None) is None
        )
        halves = {write for write in possible.values() if any(leg not in possible for leg in write.legs)}
        found.extend(f"half written: {write}" for write in halves)
        return found
