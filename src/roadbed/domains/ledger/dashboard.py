"""What is worth seeing of the ledger: how much is posted, moved and undone, and what was refused."""

from __future__ import annotations

from roadbed.resource.panels import Panel, Query, or_none, rate
from roadbed.runtime.measures import HTTP_REQUESTS

_POST = 'method="POST"'
_DONE = 'status=~"2.."'
_REFUSED = 'status=~"4.."'
_WRITES = 'route=~"/transactions|/transfers|/transactions/[{]transaction_id[}]/reversal"'


def _posted(route: str) -> str:
    done = rate(HTTP_REQUESTS, _POST, f'route="{route}"', _DONE)
    return or_none(f"sum({done})")


PANELS = (
    Panel(
        title="Posted",
        description="Transactions, transfers and reversals per second that are on disk.",
        unit="ops",
        queries=(
            Query(_posted("/transactions"), "transactions"),
            Query(_posted("/transfers"), "transfers"),
            Query(_posted("/transactions/{transaction_id}/reversal"), "reversals"),
        ),
        width=12,
    ),
    Panel(
        title="Refused writes",
        description="409: below a floor, reversed already, beyond the largest sum, or an id with other content. "
        "400: malformed.",
        unit="ops",
        queries=(
            Query(
                or_none(f"sum by (status) ({rate(HTTP_REQUESTS, _POST, _WRITES, _REFUSED)})"),
                "{{status}}",
            ),
        ),
        width=12,
    ),
)
