"""The two resources, and what a purchase and a redemption do inside their transaction, as steps for both engines."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from roadbed.data.queries import Queries
from roadbed.domains.vouchers.model import ALLOWED, Template, Voucher
from roadbed.kernel.errors import Conflict, Fault, Invalid, NotFound
from roadbed.resource.compiled import Compiled
from roadbed.resource.declaration import Lapse, Resource, Statuses
from roadbed.resource.secrets import digest_of
from roadbed.resource.steps import Ask, Steps
from roadbed.resource.writes import Asked, move


class Offer(msgspec.Struct, frozen=True):
    """What a template says of the vouchers that are bought from it now. ``price`` is in minor units."""

    title: str
    description: str
    price: int
    currency: str
    active: bool


class Found(msgspec.Struct, frozen=True):
    """The voucher that a code belongs to."""

    id: UUID


_sql = Queries(__package__ or "")
_TEMPLATE_FOR_SALE = _sql.query("template_for_sale", Offer)
_VOUCHER_BY_CODE = _sql.query("voucher_by_code", Found)


def copy_template(given: Mapping[str, Any], at: datetime) -> Generator[Any, Any, Mapping[str, Any]]:
    """Return what a new voucher copies from its template.

    Raises:
        Invalid: there is no such template, or the voucher would have expired already.
        Conflict: the template is not active.
    """
    expires_at = given["expires_at"]
    if expires_at is not None and expires_at <= at:
        raise Invalid(faults=[Fault("/expires_at", "A voucher that is bought now cannot have expired")])
    offer: Offer | None = yield Ask("one", _TEMPLATE_FOR_SALE, {"id": given["template_id"]})
    if offer is None:
        raise Invalid(faults=[Fault("/template_id", "There is no template with this id")])
    if not offer.active:
        raise Conflict("The template is not active: no voucher can be bought from it", "template-inactive")
    return {
        "title": offer.title,
        "description": offer.description,
        "price": offer.price,
        "currency": offer.currency,
    }


RESOURCES: Sequence[Resource[Any]] = [
    Resource(
        struct=Template,
        path="/vouchers/templates",
        name="templates",
        title="Templates",
        verbs=("create", "list", "get", "patch"),
        history=True,
        events=True,
        limit=1000,
    ),
    Resource(
        struct=Voucher,
        path="/vouchers",
        title="Vouchers",
        verbs=("create", "list", "get"),
        history=True,
        events=True,
        statuses=Statuses(ALLOWED, lapse=Lapse("expires_at", "expired")),
        fill=copy_template,
        limit=1000,
    ),
]


def redeem(unit: Compiled, code: str, asked: Asked) -> Steps:
    """Use the voucher that a code belongs to; return it.

    Raises:
        NotFound: no voucher has this code.
        Conflict: it is used, cancelled, refunded or expired.
    """
    found: Found | None = yield Ask("one", _VOUCHER_BY_CODE, {"code": digest_of(code)})
    if found is None:
        raise NotFound("No voucher has this code")
    return (yield from move(unit, found.id, {"status": "used"}, asked))
