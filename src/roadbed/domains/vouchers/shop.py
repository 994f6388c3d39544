"""The shop: small server-rendered pages for people, which need no JavaScript.

A purchase is a form that is posted, and a redirection to a page of thanks. The redemption code goes there in a cookie,
never in an address (those end up in histories and logs), and is shown once: the page takes the cookie back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import msgspec

from roadbed.domains.vouchers.api import operations
from roadbed.domains.vouchers.model import LONGEST_BUYER, LONGEST_EMAIL, Buyer, Email
from roadbed.domains.vouchers.rendering import policy, qr_of, render
from roadbed.domains.vouchers.service import Vouchers
from roadbed.http.accepting import prefers_json
from roadbed.http.call import Call
from roadbed.http.idempotency import fingerprint_call, read_key
from roadbed.http.incoming import Stream
from roadbed.http.reply import Reply
from roadbed.kernel.codes import read_code
from roadbed.kernel.errors import Conflict, Invalid, KeyReused, NotFound
from roadbed.kernel.ids import parse_uuid
from roadbed.resource.secrets import digest_of

FORM = "application/x-www-form-urlencoded"
SHOP = "/vouchers/"
THANKS = "/vouchers/thanks"
COOKIE = "voucher_bought"
COOKIE_LIFETIME = 600
"""Seconds that the page of thanks may take to open."""

_MOST_BYTES = 16 * 1024
_MOST_FIELDS = 20

WRONG_BUYER = f"Please give your name, in at most {LONGEST_BUYER} characters."
WRONG_EMAIL = f"This does not look like an e-mail address. Leave it empty, or use at most {LONGEST_EMAIL} characters."
NOT_ON_SALE = "This voucher is not on sale any more. Nothing was bought."
USED_FORM = "This form was sent before with other entries. Nothing more was bought; please check it and send it again."


class Entered(msgspec.Struct, kw_only=True):
    """What somebody entered in a form, and what is wrong with it, by field. ``key`` makes sending it twice safe."""

    template_id: str = ""
    buyer: str = ""
    email: str = ""
    key: str = ""
    wrong: dict[str, str] = {}


@operations.get("/vouchers", page=True, documented=False)
async def shop(call: Call[Vouchers]) -> Reply:
    """Show what is on sale."""
    return await _shop(call, 200)


@operations.get(SHOP, page=True, documented=False)
async def shop_with_slash(call: Call[Vouchers]) -> Reply:
    """Show what is on sale; who asks for JSON is led to the list."""
    call.add_header("vary", "Accept")
    if prefers_json(call.header("accept")):
        query = f"?{call.query.decode('latin-1')}" if call.query else ""
        return Reply(status=307, headers={"Location": f"/vouchers{query}"})
    return await _shop(call, 200)


@operations.post(
    SHOP, status=303, consumes=(FORM,), idempotent=False, body_limit=_MOST_BYTES, produces="text/html", documented=False
)
async def buy(call: Call[Vouchers], body: Stream[Any]) -> Reply:
    """Buy what the form says, and lead to the page of thanks; or show the shop again, saying what is wrong."""
    raw = b"".join([part async for part in body])
    entered = _entered(raw)
    values = _values(entered)
    if entered.wrong:
        return await _shop(call, 400, entered)
    key = _key(entered)
    idempotency = fingerprint_call(key, call.method, call.path, raw, b"", {})
    try:
        done = await call.service.vouchers.create(values, idempotency, sealing=key)
    except KeyReused:
        return await _shop(call, 422, entered, USED_FORM)
    except Conflict as conflict:
        if conflict.kind != "template-inactive":
            raise
        return await _shop(call, 409, None, NOT_ON_SALE)
    except Invalid as invalid:
        faults = {fault.pointer.lstrip("/"): fault.detail for fault in invalid.faults}
        if "template_id" in faults:
            return await _shop(call, 400, None, NOT_ON_SALE)
        entered.wrong = faults
        return await _shop(call, 400, entered)
    bought = f"{done.row.id}.{done.secrets[0]['code']}"
    return Reply(status=303, headers={"Location": THANKS, "Set-Cookie": _cookie(call, bought, COOKIE_LIFETIME)})


@operations.get(THANKS, page=True, documented=False)
async def thanks(call: Call[Vouchers]) -> Reply:
    """Thank for a purchase and show its redemption code, once."""
    service = call.service
    found = await _bought(call)
    if found is None:
        return _page("thanks.html", 200, {"voucher": None})
    row, code = found
    voucher = service.vouchers.unit.show(row)
    # HEAD shows nothing, so it takes nothing.
    taken = {"Set-Cookie": _cookie(call, "", 0)} if call.method == "GET" else {}
    return _page("thanks.html", 200, {"voucher": voucher, "code": code, "qr": qr_of(code)}, taken)


async def _shop(call: Call[Vouchers], status: int, entered: Entered | None = None, alert: str = "") -> Reply:
    show = call.service.templates.unit.show
    cards = [show(row) for row in await call.service.on_sale()]
    if entered is not None and not alert and entered.template_id not in {str(card.id) for card in cards}:
        alert = NOT_ON_SALE
    values = {"cards": cards, "entered": entered or Entered(), "key": str(uuid4()), "alert": alert}
    return _page("shop.html", status, values)


def _entered(raw: bytes) -> Entered:
    """Read a form. What is no form at all is one that is empty."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        pairs = []
    given = dict(pairs)
    texts = {name: given.get(name, "").strip() for name in ("template_id", "buyer", "email", "key")}
    return Entered(**texts, wrong={})


def _values(entered: Entered) -> Mapping[str, Any]:
    """Return the values of a new voucher; what is wrong is noted in the form."""
    values: dict[str, Any] = {"expires_at": None}
    try:
        values["buyer"] = msgspec.convert(entered.buyer, Buyer)
    except msgspec.ValidationError:
        entered.wrong["buyer"] = WRONG_BUYER
    try:
        values["email"] = msgspec.convert(entered.email, Email) if entered.email else None
    except msgspec.ValidationError:
        entered.wrong["email"] = WRONG_EMAIL
    try:
        values["template_id"] = parse_uuid(entered.template_id)
    except ValueError:
        entered.wrong["template_id"] = NOT_ON_SALE
    return values


def _key(entered: Entered) -> bytes:
    """Return the key of a form: sent twice (a double click), it buys once."""
    try:
        return read_key(entered.key.encode())
    except Invalid:
        return str(uuid4()).encode()


async def _bought(call: Call[Vouchers]) -> tuple[Any, str] | None:
    """Return the voucher that was just bought and its code, by the cookie; None without one that fits."""
    key, _, code = _cookies(call).get(COOKIE, "").partition(".")
    try:
        voucher_id, code = UUID(key), read_code(code)
        row = await call.service.vouchers.get(voucher_id)
    except (ValueError, NotFound):
        return None
    return (row, code) if row.code == digest_of(code) else None


def _cookies(call: Call[Vouchers]) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in (call.header("cookie") or "").split(";")]
    return {name: value for name, _, value in pairs}


def _cookie(call: Call[Vouchers], value: str, lifetime: int) -> str:
    # For this one page, out of reach of scripts and of other sites; over TLS alone where we are asked over TLS.
    secure = "; Secure" if call.header("x-forwarded-proto") == "https" else ""
    return f"{COOKIE}={value}; Path={THANKS}; Max-Age={lifetime}; HttpOnly; SameSite=Strict{secure}"


def _page(name: str, status: int, values: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
    # Without a referrer of its own a browser says `Origin: null` when it sends a form, which would be refused.
    fields = {"Content-Security-Policy": policy(), "Referrer-Policy": "same-origin", **(headers or {})}
    return Reply(body=render(name, values), status=status, media_type="text/html; charset=utf-8", headers=fields)
