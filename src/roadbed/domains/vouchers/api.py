"""What the voucher shop offers over HTTP beside its resources."""

from __future__ import annotations

from typing import cast

from roadbed.domains.vouchers.model import Redemption, Voucher
from roadbed.domains.vouchers.service import Vouchers
from roadbed.http.call import Call
from roadbed.http.operations import Operations
from roadbed.kernel.errors import Conflict, NotFound
from roadbed.resource.signatures import base_of
from roadbed.resource.writes import Asked

operations: Operations[Vouchers] = Operations("shop", "The voucher shop: redemption")


@operations.post("/vouchers/redeem", raises=[NotFound, Conflict])
async def redeem_voucher(call: Call[Vouchers], body: Redemption) -> Voucher:
    """Use a voucher by its redemption code, exactly once.

    Whoever comes second gets 409, and so does a code whose voucher was cancelled, was refunded or has expired.
    """
    service = call.service
    done = await service.redeem(body.code, Asked(service.now(), "anonymous"), call.idempotency)
    call.version, call.replayed = done.row.version, done.replayed
    return cast(Voucher, service.vouchers.unit.show(done.row, base_of(call)))
