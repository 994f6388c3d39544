"""What the shop tells in figures beside its vouchers by status: what is sold and redeemed, and for how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec

from roadbed.data.queries import Queries
from roadbed.domains.vouchers.model import Currency
from roadbed.resource.figures import Counter, Counters, Gauge, Label, Look

STEP_OF: Mapping[str, str] = {
    "purchased": "sold",
    "used": "redeemed",
    "cancelled": "cancelled",
    "refunded": "refunded",
}
"""What a write that leaves a voucher in a status has done. Time alone expires them: that is no write."""

_LABELS = Label("step", tuple(STEP_OF.values())), Label("currency", get_args(Currency))

STEPS = Counter(
    "roadbed_vouchers_steps_total",
    "Vouchers that were sold, redeemed, cancelled and refunded, by currency.",
    _LABELS,
)
STEPS_VALUE = Counter(
    "roadbed_vouchers_steps_minor_units_total",
    "What these vouchers had been sold for, in minor units of their currency.",
    _LABELS,
)


class Worth(msgspec.Struct, frozen=True):
    """Vouchers of one currency and status; ``value`` in minor units, and no integer: it may be beyond int64."""

    currency: str
    status: str
    value: float


VALUE = Gauge(
    name="roadbed_vouchers_value_minor_units",
    help="What vouchers were sold for, by currency and status. Those that are `purchased` may still be redeemed.",
    column="value",
    labels=("currency", "status"),
)
SOLD = Look("vouchers_sold", Queries(__package__ or "").query("sold", Worth), (VALUE,))


class Passing:
    """Counts what becomes of vouchers, as it goes by."""

    def __init__(self, counters: Counters) -> None:
        self._of = {
            (status, currency): (counters.of(STEPS, step, currency), counters.of(STEPS_VALUE, step, currency))
            for status, step in STEP_OF.items()
            for currency in get_args(Currency)
        }

    def add(self, vouchers: Iterable[Any]) -> None:
        """Count vouchers that were written now, as they are stored."""
        for voucher in vouchers:
            counts = self._of.get((voucher.status, voucher.currency))
            if counts is not None:
                counts[0].add()
                counts[1].add(voucher.price)


FIGURES = (STEPS, STEPS_VALUE, SOLD)
