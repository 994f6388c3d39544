"""The voucher shop: templates, purchases and what is found of them."""

from collections.abc import Iterator
from typing import Any

from tests.contract.scenarios import (
    A_TEXT,
    A_UUID,
    AN_INSTANT,
    AN_INTEGER,
    Holding,
    Matcher,
    Rows,
    Scenario,
    Step,
    get,
    post,
    single,
)

A_CODE = Matcher("A_CODE", "(?:[0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}")
NOBODYS_CODE = "0000-0000-0000-0000-0000"


def template(**more: Any) -> dict[str, Any]:
    """Return what a template is made from."""
    return {"title": "Dinner <t>", "price": 4136, "currency": "EUR", **more}


def shown(**more: Any) -> dict[str, Any]:
    """Return a voucher as reads show it, whole."""
    voucher = {"id": "<v>", "template_id": "<id>", "title": "Dinner <t>", "description": "", "price": 4136}
    voucher |= {"currency": "EUR", "price_display": "41.36€", "buyer": "Ada", "email": None, "status": "purchased"}
    voucher |= {"expires_at": None, "version": AN_INTEGER, "created_at": AN_INSTANT, "updated_at": AN_INSTANT}
    return voucher | more


def offer(**more: Any) -> Step:
    """Return the step that makes the template of a scenario."""
    return post("/vouchers/templates", template(**more), keep={"id": "/id"})


def buy(status: int = 201, body: Any = None, **more: Any) -> Step:
    """Return the step that buys a voucher."""
    keep = {"v": "/id", "code": "/code"} if status == 201 else {}
    return post("/vouchers", {"template_id": "<id>", "buyer": "Ada", **(body or {})}, status, keep=keep, **more)


def move(to: str, status: int = 200, **more: Any) -> Step:
    """Return the step that changes a status."""
    return post("/vouchers/<v>/status", {"status": to}, status, **more)


def redeem(status: int = 200, code: str = "<code>", **more: Any) -> Step:
    """Return the step that redeems a code."""
    return post("/vouchers/redeem", {"code": code}, status, **more)


TEMPLATES = (
    single(
        "two templates are there from the first start",
        get(
            "/vouchers/templates?sort=created_at&limit=2",
            reply=[
                Holding(
                    title="Quantum Cuisine - introductory course",
                    description=A_TEXT,
                    price=4136,
                    currency="EUR",
                    price_display="41.36€",
                    active=True,
                ),
                Holding(
                    title="Quantum Cuisine - dealing with taste entanglement",
                    description=A_TEXT,
                    price=29979,
                    currency="EUR",
                    price_display="299.79€",
                    active=True,
                ),
            ],
        ),
    ),
    Scenario(
        "a template is made, edited and found",
        (
            post(
                "/vouchers/templates",
                template(currency="USD", price=5),
                keep={"id": "/id", "version": "/version"},
                reply=Holding(title="Dinner <t>", description="", active=True, price_display="$0.05"),
                expect={"Location": "/vouchers/templates/<id>", "ETag": '"<version>"'},
            ),
            Step(
                call="PATCH /vouchers/templates/<id>",
                json={"price": 10_000, "active": False},
                headers={"If-Match": '"<version>"'},
                reply=Holding(price=10_000, price_display="$100.00", active=False, title="Dinner <t>"),
            ),
            Step(
                call="PATCH /vouchers/templates/<id>",
                json={"price": 1},
                headers={"If-Match": '"<version>"'},
                status=412,
            ),
            get("/vouchers/templates/<id>", reply=Holding(price=10_000, active=False)),
            get("/vouchers/templates?title=Dinner%20<t>&active=false", reply=[Holding(id="<id>")]),
            get(
                "/vouchers/templates/<id>/history",
                reply=[
                    Holding(action="change", before=Holding(price=5), after=Holding(price=10_000), actor=A_TEXT),
                    Holding(action="create", before=None, after=Holding(price=5)),
                ],
            ),
            Step(call="DELETE /vouchers/templates/<id>", status=405),
        ),
        Rows(templates=1),
    ),
)


def _wrong_templates() -> Iterator[Scenario]:
    wrong: dict[str, dict[str, Any]] = {
        "title": {"nothing": "", "301 characters": "x" * 301, "a number": 1, "null": None},
        "price": {"zero": 0, "less": -1, "a float": 41.36, "a text": "4136", "a bool": True, "beyond int64": 2**63},
        "currency": {"pounds": "GBP", "small letters": "eur", "null": None},
        "active": {"a text": "yes"},
        "colour": {"no field of it": "red"},
    }
    for name, values in wrong.items():
        for what, value in values.items():
            step = post("/vouchers/templates", template(**{name: value}), 400, faults=(f"/{name}",))
            yield single(f"a template whose {name} is {what} is refused", step)
    for name in ("title", "price", "currency"):
        body = {key: value for key, value in template().items() if key != name}
        yield single(
            f"a template without {name} is refused", post("/vouchers/templates", body, 400, faults=(f"/{name}",))
        )


PURCHASES = (
    Scenario(
        "a voucher is bought, and its code is told once",
        (
            offer(),
            post(
                "/vouchers",
                {"template_id": "<id>", "buyer": "Ada", "email": "ada@example.org"},
                keep={"v": "/id", "code": "/code"},
                reply=shown(id=A_UUID, code=A_CODE, email="ada@example.org"),
                expect={"Location": "/vouchers/<v>"},
            ),
            get("/vouchers/<v>", reply=shown(email="ada@example.org"), lacks=("<code>",)),
            get("/vouchers?template_id=<id>", reply=[shown(email="ada@example.org")], lacks=("<code>",)),
            move("cancelled", reply=shown(email="ada@example.org", status="cancelled"), lacks=("<code>",)),
            get("/vouchers/<v>/history", lacks=("<code>",)),
        ),
        Rows(templates=1, vouchers=1, changes=2),
    ),
    Scenario(
        "a voucher keeps what its template said when it was bought",
        (
            offer(description="Five courses"),
            buy(),
            Step(
                call="PATCH /vouchers/templates/<id>",
                json={"title": "Supper", "description": "One", "price": 1, "currency": "USD", "active": False},
            ),
            get("/vouchers/<v>", reply=shown(description="Five courses")),
        ),
        Rows(templates=1, vouchers=1, changes=1),
    ),
    Scenario(
        "only what is on sale is sold, to somebody",
        (
            offer(active=False),
            buy(409, kind="template-inactive"),
            post("/vouchers", {"template_id": "<nothing>", "buyer": "Ada"}, 400, faults=("/template_id",)),
            post("/vouchers", {"template_id": "7", "buyer": "Ada"}, 400, faults=("/template_id",)),
            post("/vouchers", {"buyer": "Ada"}, 400, faults=("/template_id",)),
            post("/vouchers", {"template_id": "<id>"}, 400, faults=("/buyer",)),
            buy(400, {"buyer": ""}, faults=("/buyer",)),
            buy(400, {"buyer": "x" * 101}, faults=("/buyer",)),
            buy(400, {"email": "nobody"}, faults=("/email",)),
            buy(400, {"expires_at": "2020-01-01T00:00:00Z"}, faults=("/expires_at",)),
            buy(400, {"price": 1}, faults=("/price",)),
            buy(400, {"status": "used"}, faults=("/status",)),
            buy(400, {"code": NOBODYS_CODE}, faults=("/code",)),
        ),
        Rows(templates=1),
    ),
    Scenario(
        "vouchers are found by status, buyer and template",
        (
            offer(),
            buy(body={"buyer": "Ada <t>"}),
            move("cancelled"),
            buy(body={"buyer": "Bob <t>"}),
            get(
                "/vouchers?template_id=<id>&sort=created_at", reply=[Holding(buyer="Ada <t>"), Holding(buyer="Bob <t>")]
            ),
            get("/vouchers?buyer=Ada%20<t>", reply=[Holding(status="cancelled")]),
            get("/vouchers?status=purchased&template_id=<id>", reply=[Holding(buyer="Bob <t>")]),
            get("/vouchers?status=used&status=cancelled&template_id=<id>", reply=[Holding(buyer="Ada <t>")]),
            get("/vouchers?status=stolen", status=400, faults=("query:status",)),
            get("/vouchers?code=<code>", status=400, faults=("query:code",)),
            get("/vouchers?sort=code", status=400, faults=("query:sort",)),
        ),
        Rows(templates=1, vouchers=2, changes=3),
    ),
    Scenario(
        "nobody deletes or edits a voucher",
        (
            offer(),
            buy(),
            Step(call="DELETE /vouchers/<v>", status=405),
            Step(call="PATCH /vouchers/<v>", json={"buyer": "Bob"}, status=405),
            get("/vouchers/<nothing>", status=404),
            get("/vouchers/7", status=400, faults=("path:id",)),
        ),
        Rows(templates=1, vouchers=1, changes=1),
    ),
)


SCENARIOS = (*TEMPLATES, *_wrong_templates(), *PURCHASES)
