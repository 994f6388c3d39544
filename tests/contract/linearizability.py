"""A checker of recorded histories: is there an order in which each call took effect between its begin and its end?

The search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993), with the memory of Lowe ("Testing for
linearizability", 2017): the next call in the order is one that began before any of the others ended, and whose answer
is right in the state that the calls before it made. A state that was reached by the same calls is not tried twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """One call on one key, and its answer. Instants are of one clock, in seconds.

    ``kind`` is get, put or delete. ``seen`` is the version that it demanded to find: 0 for none at all, None for any.
    ``status`` and ``version`` are of the answer; ``value`` is what was put, or read.
    """

    began: float
    ended: float
    kind: str
    status: int
    seen: int | None = None
    version: int = 0
    value: str | None = None


@dataclass(frozen=True)
class State:
    """What a key holds: version 0 and no value where it is not there. ``last`` is the highest version ever."""

    version: int = 0
    value: str | None = None
    last: int = 0

    def after(self, call: Done) -> "State | None":
        """Return the state after a call, or None where its answer is wrong here."""
        if call.kind == "get":
            expected = (200, self.version, self.value) if self.version else (404, 0, None)
            return self if expected == (call.status, call.version, call.value) else None
        if call.kind == "delete" and not self.version:
            return self if call.status == 404 else None
        if call.seen is not None and call.seen != self.version:
            return self if call.status == 412 else None
        if call.kind == "delete":
            return State(0, None, self.last) if call.status == 204 else None
        right = call.status == (200 if self.version else 201) and call.version > self.last
        return State(call.version, call.value, call.version) if right else None


def is_linearizable(history: Sequence[Done]) -> bool:
    """Say whether an order exists, beginning with a key that never was."""
    calls = sorted(history, key=lambda call: call.began)
    tried: set[tuple[int, State]] = set()
    path: list[Iterator[tuple[int, State]]] = [_steps(calls, 0, State())]
    while path:
        step = next(path[-1], None)
        if step is None:
            path.pop()
        elif step not in tried:
            tried.add(step)
            path.append(_steps(calls, *step))
            if step[0] == (1 << len(calls)) - 1:
                return True
    return not calls


def _steps(calls: Sequence[Done], taken: int, state: State) -> Iterator[tuple[int, State]]:
    """Yield what may come next: the calls taken so far, as bits, with one more, and the state after it."""
    first_end = min((call.ended for place, call in enumerate(calls) if not taken >> place & 1), default=0.0)
    for place, call in enumerate(calls):
        if call.began > first_end:
            break
        following = None if taken >> place & 1 else state.after(call)
        if following is not None:
            yield taken | 1 << place, following
