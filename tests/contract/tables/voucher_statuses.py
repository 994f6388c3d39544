"""Vouchers: every way between two statuses, redemption, expiry and retries."""

from collections.abc import Iterator

from tests.contract.scenarios import A_TEXT, AN_INSTANT, Holding, Rows, Scenario, Step, get, post
from tests.contract.tables.vouchers import NOBODYS_CODE, buy, move, offer, redeem, shown

KEYED = {"Idempotency-Key": "<once>"}

STATUSES = ("purchased", "cancelled", "used", "expired", "refunded")
WAYS = {"purchased": (), "cancelled": ("cancelled",), "used": ("used",), "expired": ("expired",)}
WAYS |= {"refunded": ("cancelled", "refunded")}
ALLOWED = {"purchased": ("cancelled", "used", "expired"), "cancelled": ("refunded",)}


def refused(to: str, present: str) -> Step:
    """Return the step that a status forbids, with all that it allows."""
    allowed = ", ".join(ALLOWED.get(present, ())) or "nothing: it is final"
    detail = f"After '{present}' may come {allowed}"
    return move(to, 409, kind="status-not-allowed", reply=Holding(detail=detail))


def _statuses() -> Iterator[Scenario]:
    for present, way in WAYS.items():
        allowed = ALLOWED.get(present, ())
        steps = [offer(), buy(), *(move(status) for status in way)]
        steps += [refused(to, present) for to in STATUSES if to not in allowed]
        steps += [] if present == "purchased" else [redeem(409, kind="status-not-allowed")]
        steps += [get("/vouchers/<v>", reply=Holding(status=present))]
        for to in allowed:
            steps += [buy(), *(move(status) for status in way), move(to, reply=Holding(status=to))]
        rows = 1 + len(way) + len(allowed) * (2 + len(way))
        yield Scenario(f"after {present}", tuple(steps), Rows(templates=1, vouchers=1 + len(allowed), changes=rows))


REDEMPTION = (
    Scenario(
        "a code is redeemed once",
        (
            offer(),
            buy(),
            redeem(reply=shown(status="used"), keep={"now": "/version"}, expect={"ETag": '"<now>"'}),
            redeem(409, kind="status-not-allowed"),
            move("cancelled", 409, kind="status-not-allowed"),
            get(
                "/vouchers/<v>/history",
                reply=[
                    Holding(action="change", before=Holding(status="purchased"), after=Holding(status="used"))
                    | {"actor": A_TEXT, "at": AN_INSTANT},
                    Holding(action="create", before=None, after=Holding(status="purchased")),
                ],
            ),
        ),
        Rows(templates=1, vouchers=1, changes=2),
    ),
    Scenario(
        "what is no code is refused, and none is repeated",
        (
            redeem(404, NOBODYS_CODE, lacks=("0000-0000",)),
            redeem(404, " 0000 oooo-OO00-00000000", lacks=("oooo",)),
            redeem(400, "UUUU-0000-0000-0000-0000", faults=("/code",), lacks=("UUUU",)),
            redeem(400, "7", faults=("/code",)),
            redeem(400, "", faults=("/code",)),
            post("/vouchers/redeem", {}, 400, faults=("/code",)),
        ),
    ),
    Scenario(
        "a status changes under its condition",
        (
            offer(),
            buy(),
            get("/vouchers/<v>", keep={"tag": "header:ETag"}),
            move("cancelled", 412, headers={"If-Match": '"0"'}),
            move("cancelled", headers={"If-Match": "<tag>"}),
            move("refunded", 412, headers={"If-Match": "<tag>"}),
        ),
        Rows(templates=1, vouchers=1, changes=2),
    ),
)

EXPIRY = (
    Scenario(
        "what is past its time is expired, for everybody at once",
        (
            offer(),
            buy(body={"expires_at": "<soon>"}, reply=Holding(status="purchased")),
            get("/vouchers?template_id=<id>&status=expired", reply=[]),
            get("/vouchers/<v>", reply=Holding(status="purchased"), keep={"tag": "header:ETag"}),
            get(
                "/vouchers/<v>",
                pause=1.1,
                headers={"If-None-Match": "<tag>"},
                reply=Holding(status="expired", expires_at=AN_INSTANT),
                expect={"ETag": None},
            ),
            get("/vouchers?template_id=<id>", reply=[Holding(status="expired")]),
            get(
                "/vouchers?template_id=<id>&status=expired&total=true",
                reply=[Holding(id="<v>")],
                expect={"Total-Count": "1"},
            ),
            get("/vouchers?template_id=<id>&status=purchased&total=true", reply=[], expect={"Total-Count": "0"}),
            get("/vouchers?template_id=<id>&status=purchased&status=expired", reply=[Holding(id="<v>")]),
            redeem(409, kind="status-not-allowed"),
            *(refused(to, "expired") for to in STATUSES),
        ),
        Rows(templates=1, vouchers=1, changes=1),
    ),
    Scenario(
        "what was cancelled in time is still refunded",
        (
            offer(),
            buy(body={"expires_at": "<soon>"}),
            move("cancelled"),
            get("/vouchers?template_id=<id>&status=cancelled", pause=1.1, reply=[Holding(status="cancelled")]),
            move("refunded", reply=Holding(status="refunded")),
        ),
        Rows(templates=1, vouchers=1, changes=3),
    ),
)

RETRIES = (
    Scenario(
        "a purchase sent twice buys once, and tells the same code",
        (
            offer(),
            buy(headers=KEYED, expect={"Idempotency-Replayed": None}),
            move("used"),
            buy(headers=KEYED, reply=shown(code="<code>"), expect={"Idempotency-Replayed": "true"}),
            buy(422, {"buyer": "Bob"}, headers=KEYED),
        ),
        Rows(templates=1, vouchers=1, changes=2, keys=1),
    ),
    Scenario(
        "a redemption sent twice is answered twice",
        (
            offer(),
            buy(),
            redeem(headers=KEYED),
            redeem(headers=KEYED, reply=shown(status="used"), expect={"Idempotency-Replayed": "true"}),
            redeem(409, kind="status-not-allowed"),
        ),
        Rows(templates=1, vouchers=1, changes=2, keys=1),
    ),
)

SCENARIOS = (*_statuses(), *REDEMPTION, *EXPIRY, *RETRIES)
