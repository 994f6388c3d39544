"""The voucher shop: what is for sale, and the redemption of what was bought. Knows no HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from roadbed.data.idempotency import Idempotency
from roadbed.domains.vouchers.figures import Passing
from roadbed.domains.vouchers.writes import redeem
from roadbed.kernel.codes import read_code
from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.done import Done
from roadbed.resource.lists import Filter, Question
from roadbed.resource.stores import Stores
from roadbed.resource.writes import Asked

MOST_ON_SALE = 1000
"""Templates that the shop shows."""


class Vouchers:
    """Templates and vouchers, on the stores of both."""

    def __init__(self, stores: Stores) -> None:
        self.templates = stores.named["templates"]
        self.vouchers = stores.named["vouchers"]
        self.vouchers.written.listen(Passing(stores.counters).add)

    def now(self) -> datetime:
        """Return the present time, as the stores see it."""
        return self.vouchers.clock()

    async def on_sale(self) -> list[Any]:
        """Return the active templates, oldest first."""
        question = Question(filters=[Filter("active", "in", [True])], order="created_at", limit=MOST_ON_SALE)
        return list((await self.templates.lists.page(question)).items)

    async def redeem(self, code: str, asked: Asked, idempotency: Idempotency | None = None) -> Done:
        """Use the voucher that a code belongs to, once.

        Raises:
            Invalid: this is no code.
            NotFound: no voucher has it.
            Conflict: the voucher is used, cancelled, refunded or expired.
        """
        try:
            plain = read_code(code)
        except ValueError as error:
            raise Invalid(faults=[Fault("/code", str(error))]) from None
        return await self.vouchers.write(lambda: redeem(self.vouchers.unit, plain, asked), idempotency)
