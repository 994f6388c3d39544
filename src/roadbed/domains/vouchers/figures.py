"""What the shop tells in figures beside its vouchers by status: what they were sold for."""

from __future__ import annotations

import msgspec

from roadbed.data.queries import Queries
from roadbed.resource.figures import Gauge, Look


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

FIGURES = (SOLD,)
