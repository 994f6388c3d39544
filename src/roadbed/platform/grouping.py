"""The statements that name every number of a row: write one, group many by span, thin out. Their columns are data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from roadbed.data.named_sql import Dialect, parse
from roadbed.data.statistic_columns import COUNTS, REALS, STATES

_WORST = {"disk_free": "min", "disk_size": "max", "database_bytes": "max"}
"""States of what all processes share: their sum would tell of disks that there are not, their mean hide the fullest."""

_MEANS = tuple(name for name in STATES if name not in _WORST)
_IDENTITY = ("at", "process", "node", "pid", "started_at")
_COLUMNS = (*_IDENTITY, *REALS, *COUNTS, *STATES)
_SUMS = ("latency_sum", "cpu", *COUNTS)

_SPAN: dict[Dialect, str] = {
    "sqlite": "at - at % :width",
    "postgres": "date_bin(CAST(:width AS bigint) * interval '1 microsecond', at, to_timestamp(0))",
}
_MINUTE: dict[Dialect, str] = {"sqlite": "at - at % 60000000", "postgres": "date_trunc('minute', at)"}


def _named(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{function}({name}) AS {name}" for name, function in pairs)


def _all(names: Iterable[str], function: str) -> list[tuple[str, str]]:
    return [(name, function) for name in names]


def _tick(which: str) -> str:
    """One row per tick, which is all processes together: their spans lie side by side, all else adds up."""
    columns = [("seconds", "max"), *_all((*_SUMS, *_MEANS), "sum"), *_WORST.items()]
    return f"WITH tick AS (SELECT at, {_named(columns)} FROM statistic WHERE {which} GROUP BY at)"


def _write() -> str:
    """The same tick may be written again, where nobody knows whether it was the first time."""
    values = ", ".join(f":{name}" for name in _COLUMNS)
    return f"INSERT INTO statistic ({', '.join(_COLUMNS)}) VALUES ({values}) ON CONFLICT (at, process) DO NOTHING"


def _series(dialect: Dialect) -> str:
    """One row per span: counts are added up; of states the mean over the ticks is taken, of disks the worst."""
    columns = [*_all((*REALS, *COUNTS), "sum"), *_all(_MEANS, "avg"), *_WORST.items()]
    return f"""{_tick("at >= :since AND at < :until")}
        SELECT {_SPAN[dialect]} AS bucket, {_named(columns)}, max(queued) AS queued_most
          FROM tick GROUP BY 1 ORDER BY 1 LIMIT :limit"""


def _thin(dialect: Dialect) -> str:
    """One row a minute, of nobody in particular."""
    sums = [f"sum({name})" for name in (*REALS, *COUNTS)]
    states = [f"{_WORST[name]}({name})" if name in _WORST else f"CAST(round(avg({name})) AS bigint)" for name in STATES]
    minute = _MINUTE[dialect]
    return f"""{_tick("at >= :since AND at < :until AND process <> :everyone")}
        INSERT INTO statistic ({", ".join(_COLUMNS)})
        SELECT {minute}, :everyone, '', 0, {minute}, {", ".join((*sums, *states))}
          FROM tick WHERE true GROUP BY 1 ON CONFLICT (at, process) DO NOTHING"""


def _text() -> str:
    parts = [f"-- name: write\n{_write()}"]
    for dialect in get_args(Dialect):
        parts += [f"-- name: {name}\n-- dialect: {dialect}\n{made(dialect)}" for name, made in _GROUPING.items()]
    return "\n".join(parts)


_GROUPING = {"series": _series, "thin": _thin}

STATEMENTS = parse(_text(), __name__)
"""``write``, ``series`` and ``thin``, by name and dialect."""
