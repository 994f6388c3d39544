"""What is worth seeing of the shop: the way of a voucher from its purchase to its end, and what was refused."""

from __future__ import annotations

from roadbed.domains.vouchers.figures import STEPS, STEPS_VALUE, VALUE
from roadbed.resource.panels import Panel, Query, or_none, pick, rate
from roadbed.runtime.measures import HTTP_REQUESTS

_POST = 'method="POST"'
_REFUSED = 'status="409"'
_VALUE = pick(VALUE.measure)
_OWED = pick(VALUE.measure, 'status="purchased"')
_CHANGES = 'route=~"/vouchers/redeem|/vouchers/[{]id[}]/status"'


PANELS = (
    Panel(
        title="Steps",
        description="Vouchers per second that are sold, redeemed (by code or by the admin), cancelled, refunded.",
        unit="ops",
        queries=(Query(f"sum by (step) ({rate(STEPS.measure)})", "{{step}}"),),
    ),
    Panel(
        title="Turnover",
        description="Minor units per second of the vouchers that are sold, redeemed, cancelled and refunded.",
        unit="short",
        queries=(Query(f"sum by (step, currency) ({rate(STEPS_VALUE.measure)})", "{{step}} {{currency}}"),),
    ),
    Panel(
        title="Steps that were not allowed",
        description="409: a code that was used already, or a status that may not follow. Many from one client: "
        "somebody tries codes.",
        unit="ops",
        queries=(Query(or_none(f"sum by (route) ({rate(HTTP_REQUESTS, _POST, _CHANGES, _REFUSED)})"), "{{route}}"),),
    ),
    Panel(
        title="Sold",
        description="What all vouchers together were sold for, in minor units of each currency.",
        unit="short",
        queries=(Query(or_none(f"sum by (currency) (max by (currency, status) ({_VALUE}))"), "{{currency}}"),),
        width=12,
    ),
    Panel(
        title="Still to be redeemed",
        description="What vouchers were sold for that may still be redeemed: what the shop owes.",
        unit="short",
        queries=(Query(or_none(f"max by (currency) ({_OWED})"), "{{currency}}"),),
        width=12,
    ),
)
