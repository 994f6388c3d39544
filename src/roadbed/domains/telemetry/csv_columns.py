"""Columns of CSV, read at once: times and numbers of many rows without a step of Python per digit.

Whole columns go through C: cut and checked by position, read by msgspec. What has another form than most files is read
one by one; that takes twice as long, and gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from roadbed.kernel.clock import EPOCH

NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
MICROSECOND = timedelta(microseconds=1)

_SEPARATORS = ((4, b"-"), (7, b"-"), (13, b":"), (16, b":"))
_TENS = (14, 17)
_UP_TO_SECONDS = 19
_MICROSECONDS = 26
_MINUTE = 60_000_000
_integers = msgspec.json.Decoder(list[int]).decode
_reals = msgspec.json.Decoder(list[float]).decode


def read_instants(times: Sequence[bytes]) -> list[int]:
    """Return microseconds since 1970 of times such as ``2021-11-07 23:59:03.762``, of digits, ``-:.+``, blank and T.

    Raises:
        ValueError, IndexError: one of them is none.
    """
    width = len(times[0])
    step, joined = width + 1, b",".join(times)
    alike = width == _UP_TO_SECONDS or _UP_TO_SECONDS + 1 < width <= _MICROSECONDS
    if not alike or not _is_regular(joined, step, len(times)):
        return _one_by_one(joined.decode())
    try:
        digits = _integers(b"[%b]" % joined.translate(None, b"-:. T"))
    except msgspec.DecodeError:
        # A year below 1000: JSON's numbers begin with no zero.
        return _one_by_one(joined.decode())
    decimals = max(width - _UP_TO_SECONDS - 1, 0)
    unit, minute, hour = 10 ** (6 - decimals), 10 ** (2 + decimals), 10 ** (4 + decimals)
    hours = _Hours(hour * unit)
    minutes = [number * (_MINUTE - minute * unit) for number in range(60)]
    return [hours[row // hour] + minutes[row // minute % 100] + row * unit for row in digits]


class _Hours(dict[int, int]):
    """What is to be added to the digits of a time, as microseconds, for its year, month, day and hour."""

    def __init__(self, weight: int) -> None:
        super().__init__()
        self._weight = weight

    def __missing__(self, key: int) -> int:
        begin = datetime(key // 1_000_000, key // 10_000 % 100, key // 100 % 100, key % 100)  # noqa: DTZ001 - UTC
        added = self[key] = (begin - NAIVE_EPOCH) // MICROSECOND - key * self._weight
        return added


def _is_regular(joined: bytes, step: int, count: int) -> bool:
    """Tell whether times, joined by commas, are ``YYYY-MM-DD HH:MM:SS`` and decimals; day and hour may be off."""
    point = ((_UP_TO_SECONDS, b"."),) if step > _UP_TO_SECONDS + 1 else ()
    return (
        # All commas are where they would be if all times were as long as the first: so they are.
        joined[step - 1 :: step] == b"," * (count - 1)
        and all(joined[place::step] == sign * count for place, sign in (*_SEPARATORS, *point))
        and not joined[10::step].translate(None, b" T")
        and not any(joined[place::step].translate(None, b"012345") for place in _TENS)
        # No sign is anywhere else.
        and len(joined.translate(None, b"-:.+ T")) == (step - len(_SEPARATORS) - len(point) - 1) * count - 1
    )


def _one_by_one(joined: str) -> list[int]:
    times = joined.split(",")
    # What `fromisoformat` reads beside our form (basic forms, offsets, other letters between) is not for here.
    if joined.count(":") != 2 * len(times) or not {time[10] for time in times} <= {" ", "T"}:
        raise ValueError("not all of these are times")
    read = datetime.fromisoformat
    return [(read(time) - NAIVE_EPOCH) // MICROSECOND for time in times]


def read_reals(values: Sequence[bytes]) -> list[float]:
    """Return numbers of digits, signs and points.

    Raises:
        ValueError: one of them is none.
    """
    joined = b"[%b]" % b",".join(values)
    # JSON's minus nought is an integer, which has no sign.
    if b"-0" not in joined or not any(end in joined for end in (b"-0,", b"-0 ", b"-0]")):
        # It knows neither plus signs nor bare points.
        with suppress(msgspec.DecodeError):
            found = _reals(joined)
            # One value that is blank would be an empty list.
            if len(found) == len(values):
                return found
    return list(map(float, values))
