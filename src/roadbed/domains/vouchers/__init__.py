"""The voucher shop: templates, vouchers that are bought from them, redemption exactly once."""

from roadbed.domains.vouchers.figures import FIGURES
from roadbed.domains.vouchers.service import Vouchers
from roadbed.domains.vouchers.shop import operations
from roadbed.domains.vouchers.writes import RESOURCES
from roadbed.resource.domain import Domain

domain: Domain[Vouchers] = Domain(
    name="vouchers",
    title="Vouchers",
    resources=RESOURCES,
    operations=operations,
    open_stores=Vouchers,
    page="/vouchers/",
    migrations="roadbed.domains.vouchers.migrations",
    figures=FIGURES,
)
