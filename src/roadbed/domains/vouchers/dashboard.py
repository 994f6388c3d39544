"""What is worth seeing of the shop: the way of a voucher from its purchase to its end, and what was refused."""

from __future__ import annotations

from roadbed.domains.vouchers.figures import VALUE
from roadbed.resource.panels import Panel, Query, or_none, pick, rate
from roadbed.runtime.measures import HTTP_REQUESTS

_POST = 'method="POST"'
_DONE = 'status=~"[23].."'
_REFUSED = 'status="409"'
_VALUE = pick(VALUE.measure)
_OWED = pick(VALUE.measure, 'status="purchased"')
_CHANGES = 'route=~"/vouchers/redeem|/vouchers/[{]id[}]/status"'


def _steps(route: str) -> str:
    done = rate(HTTP_REQUESTS, _POST, f'route="{route}"', _DONE)
    return or_none(f"sum({done})")


PANELS = (
    Panel(
        title="Steps",
        description="Vouchers per second that are bought, redeemed by their code, and changed by the admin (cancelled, "
        "used, refunded).",
        unit="ops",
        queries=(
            Query(_steps("/vouchers"), "bought"),
            Query(_steps("/vouchers/redeem"), "redeemed"),
            Query(_steps("/vouchers/{id}/status"), "changed"),
        ),
        width=12,
    ),
    Panel(
        title="Steps that were not allowed",
        description="409: a code that was used already, or a status that may not follow. Many from one client: "
        "somebody tries codes.",
        unit="ops",
        queries=(Query(or_none(f"sum by (route) ({rate(HTTP_REQUESTS, _POST, _CHANGES, _REFUSED)})"), "{{route}}"),),
        width=12,
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
