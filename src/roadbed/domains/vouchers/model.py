"""What the voucher shop stores and says: templates, and the vouchers that are bought from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from roadbed.kernel.codes import CODE_PATTERN, new_code
from roadbed.resource.markers import Computed, Indexed, MinorUnits, Multiline, ReadOnly, Reference, Secret, Unique

INT64_MAX = 2**63 - 1
LONGEST_BUYER = 100
LONGEST_EMAIL = 254
"""Characters; of an address, RFC 5321 allows no more."""

Currency = Literal["EUR", "USD"]
Status = Literal["purchased", "cancelled", "used", "expired", "refunded"]

ALLOWED: dict[str, tuple[str, ...]] = {"purchased": ("cancelled", "used", "expired"), "cancelled": ("refunded",)}
"""Which statuses may follow one. What is not named here is final."""

# Something on either side of one @, without blanks or control characters. `$` alone would let a line end follow.
_ADDRESS = r"^[^@\x00-\x20\x7f]+@[^@\x00-\x20\x7f]+(?!\n)$"

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=300, examples=["Quantum Cuisine"])]
Description = Annotated[str, Multiline(), msgspec.Meta(max_length=10_000, examples=["Three evenings at the stove."])]
Price = Annotated[
    int, MinorUnits(), msgspec.Meta(ge=1, le=INT64_MAX, description="In minor units (cents)", examples=[4136])
]
Money = Annotated[Currency, msgspec.Meta(description="ISO 4217", examples=["EUR"])]
Buyer = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_BUYER, examples=["Ada Lovelace"])]
Email = Annotated[
    str,
    msgspec.Meta(max_length=LONGEST_EMAIL, pattern=_ADDRESS, examples=["ada@example.org"]),
]
Version = Annotated[int, msgspec.Meta(description="Rises with every write: the ETag", examples=[1])]
Instant = Annotated[datetime, msgspec.Meta(tz=True, examples=["2030-12-31T23:59:59Z"])]

OF_TEMPLATE = msgspec.Meta(description="An active template", examples=["01930000-0000-7000-8000-000000000001"])
SHOWN_ONCE = msgspec.Meta(
    description="Redeems the voucher, once. The reply to the purchase alone shows it",
    examples=["7K3M-Q0ZD-94VA-R8TB-1EHC"],
)


def price_display(price: int, currency: str) -> str:
    """Return a price as people read it: ``$41.36``, ``41.36€``. ``price`` is in minor units."""
    amount = f"{price // 100}.{price % 100:02d}"
    return f"${amount}" if currency == "USD" else f"{amount}€"


def _display(row: Template | Voucher, _base: str) -> str:
    return price_display(row.price, row.currency)


class Template(msgspec.Struct, kw_only=True):
    """What vouchers are bought from. Later edits change no voucher that was bought before."""

    id: UUID
    title: Title
    description: Description = ""
    price: Price
    currency: Money
    price_display: Annotated[str, Computed(_display), msgspec.Meta(examples=["41.36€"])]
    active: Annotated[bool, msgspec.Meta(description="Whether vouchers can be bought from it now")] = True
    version: Version
    created_at: datetime
    updated_at: datetime


class Voucher(msgspec.Struct, kw_only=True):
    """A voucher, with its own copy of what its template said when it was bought.

    The reply to the purchase shows its redemption code, and nothing does later.
    """

    id: UUID
    template_id: Annotated[UUID, Reference("templates"), OF_TEMPLATE]
    code: Annotated[str, Secret(new_code), Unique(), SHOWN_ONCE]
    title: Annotated[Title, ReadOnly()]
    description: Annotated[Description, ReadOnly()]
    price: Annotated[Price, ReadOnly()]
    currency: Annotated[Money, ReadOnly()]
    price_display: Annotated[str, Computed(_display), msgspec.Meta(examples=["41.36€"])]
    buyer: Annotated[Buyer, Indexed()]
    email: Email | None = None
    status: Annotated[Status, Indexed()] = "purchased"
    expires_at: Annotated[Instant | None, msgspec.Meta(description="From then on the status is `expired`")] = None
    version: Version
    created_at: datetime
    updated_at: datetime


class Redemption(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A redemption code, in either case, with or without its hyphens."""

    code: Annotated[
        str,
        msgspec.Meta(
            max_length=100, examples=["7K3M-Q0ZD-94VA-R8TB-1EHC"], extra_json_schema={"pattern": CODE_PATTERN}
        ),
    ]
