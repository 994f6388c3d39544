"""What is worth seeing of the ledger: what is posted, moved and undone, what was refused, what the accounts hold."""

from __future__ import annotations

from roadbed.domains.ledger.figures import ACCOUNTS, BALANCE, OVERDRAWN, POSTED, VOLUME
from roadbed.resource.panels import Panel, Query, or_none, pick, rate
from roadbed.runtime.measures import HTTP_REQUESTS

_POST = 'method="POST"'
_REFUSED = 'status=~"4.."'
_WRITES = 'route=~"/transactions|/transfers|/transactions/[{]transaction_id[}]/reversal"'


PANELS = (
    Panel(
        title="Transactions",
        description="Transactions per second that are on disk, by how they came. A transfer is two of them.",
        unit="rowsps",
        queries=(Query(f"sum by (kind) ({rate(POSTED.measure)})", "{{kind}}"),),
    ),
    Panel(
        title="Volume",
        description="Minor units per second that were given to accounts (credit) and taken from them (debit). "
        "A transfer is both.",
        unit="short",
        queries=(Query(f"sum by (direction) ({rate(VOLUME.measure)})", "{{direction}}"),),
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
    ),
    Panel(
        title="Balances",
        description="The balances of all accounts added up, in minor units: what came in and did not go out.",
        unit="short",
        queries=(Query(f"max({pick(BALANCE.measure)})"),),
        kind="stat",
    ),
    Panel(
        title="Accounts",
        description="Accounts, each from its first transaction on.",
        unit="short",
        queries=(Query(f"max({pick(ACCOUNTS.measure)})"),),
        kind="stat",
    ),
    Panel(
        title="Overdrawn",
        description="Accounts below 0. Where that must not be, they lack a floor (`PUT /accounts/{id}/limits`).",
        unit="short",
        queries=(Query(f"max({pick(OVERDRAWN.measure)})"),),
        kind="stat",
    ),
)
