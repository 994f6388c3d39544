"""The voucher shop: templates, vouchers that are bought from them, redemption exactly once."""

from roadbed.domains.vouchers.model import ALLOWED, Template, Voucher
from roadbed.domains.vouchers.service import Vouchers
from roadbed.domains.vouchers.shop import operations
from roadbed.domains.vouchers.writes import copy_template
from roadbed.resource.declaration import Lapse, Resource, Statuses
from roadbed.resource.domain import Domain

domain: Domain[Vouchers] = Domain(
    name="vouchers",
    title="Vouchers",
    resources=[
        Resource(
            struct=Template,
            path="/vouchers/templates",
            name="templates",
            title="the templates",
            verbs=("create", "list", "get", "patch"),
            history=True,
            limit=1000,
        ),
        Resource(
            struct=Voucher,
            path="/vouchers",
            title="the vouchers",
            verbs=("create", "list", "get"),
            history=True,
            statuses=Statuses(ALLOWED, lapse=Lapse("expires_at", "expired")),
            fill=copy_template,
            limit=1000,
        ),
    ],
    operations=operations,
    open_stores=Vouchers,
    page="/vouchers/",
    migrations="roadbed.domains.vouchers.migrations",
)
