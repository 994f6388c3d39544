"""How many rows have which status: what every resource with a status machine tells without being asked."""

from __future__ import annotations

import msgspec

from roadbed.resource.figures import Gauge, Look
from roadbed.resource.plan import Plan
from roadbed.resource.statements import query, quoted
from roadbed.runtime.measures import RESOURCE_ROWS

_ROWS = Gauge(name=RESOURCE_ROWS.name, help=RESOURCE_ROWS.help, column="rows", labels=RESOURCE_ROWS.labels)


class StatusCount(msgspec.Struct, frozen=True):
    """Rows of one status."""

    resource: str
    status: str
    rows: int


def census(plan: Plan) -> Look | None:
    """Return the look at a resource's statuses, also at those that no row has; None where it has no statuses.

    What time alone has brought (``lapse``) counts as replies show it. Without it the index of the status answers.
    """
    if plan.status is None:
        return None
    status = quoted(plan.status.name)
    if plan.lapse is not None:
        known = ", ".join(_text(one) for one in sorted(plan.lapsing))
        passed = f"{status} IN ({known}) AND {quoted(plan.lapse.field)} <= :now"
        status = f"CASE WHEN {passed} THEN {_text(plan.lapse.status)} ELSE {status} END"
    nothing = " UNION ALL ".join(f"SELECT {_text(choice)}, 0" for choice in plan.status.choices)
    text = (
        f"SELECT {_text(plan.table)} AS resource, status, CAST(sum(count) AS bigint) AS rows FROM ("
        f"SELECT {status} AS status, count(*) AS count FROM {quoted(plan.table)} GROUP BY 1 "
        f"UNION ALL {nothing}) AS counted GROUP BY status ORDER BY status"
    )
    name = f"{plan.table}_statuses"
    return Look(name, query(name, StatusCount, text), (_ROWS,))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
