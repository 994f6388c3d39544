"""Does a contender do the work at all? Asked before it is measured: a fast wrong answer wins nothing."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from bench.harness import client
from bench.harness.books import Reader
from bench.harness.contender import Routes
from bench.harness.errors import NotTheSameWork

ACCOUNT = "5f9cf8a2-8c1f-4d8e-9a52-4f1f6c1b7a10"
LIST_LENGTH = 30
CLOCK_STEP = 0.01  # seconds: some contenders keep times in milliseconds, and order by them


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    """Return status and decoded body of one request."""
    ((status, text),) = client.ask_all(port, [client.request(method, path, body)], 1)
    try:
        return status, msgspec.json.decode(text)
    except msgspec.DecodeError:
        return status, text


def same_work(port: int, routes: Routes, read: Reader) -> None:
    """Create, read back, list, refuse, and keep the balance; raise ``NotTheSameWork`` at the first difference."""
    before = read()
    created = [_create(port, routes, 700)]
    time.sleep(CLOCK_STEP)
    created.append(_create(port, routes, -250))
    _expect(ask(port, "GET", routes.ping)[0] == 200, "the ping is answered with 200")
    for transaction in created:
        status, found = ask(port, "GET", routes.get + transaction[routes.id_member])
        _expect(status == 200 and found == transaction, f"a transaction reads back as it was created, not {found}")
    _list_is_newest_first(port, routes, [transaction[routes.id_member] for transaction in reversed(created)])
    _bad_input_is_refused(port, routes)
    after = read()
    _expect(after.transactions - before.transactions == 2, "two creates are two rows")
    _expect(after.moved - before.moved == after.held - before.held == 450, "the balance follows the transactions")


def same_store(port: int, kv: str) -> None:
    """Store, replace, read back, and keep what was replaced; raise ``NotTheSameWork`` at the first difference."""
    path = f"{kv}check/{time.time_ns()}"
    _expect(ask(port, "GET", path)[0] == 404, "a key that was never stored is 404")
    versions: list[int] = []
    for status, value in ((201, {"n": 1}), (200, {"n": 2})):
        found, made = ask(port, "PUT", path, msgspec.json.encode({"value": value}))
        _expect(found == status and made["value"] == value, f"a put is answered with {status}, not {found} {made}")
        _expect(bool(made["updated_at"]), f"a put tells its time: {made}")
        _expect(ask(port, "GET", path) == (200, made), "a value reads back as it was stored")
        versions.append(made["version"])
    _expect(versions[0] < versions[1], f"the version rises, {versions}")
    status, history = ask(port, "GET", f"{path}?history=true")
    told = [(row["version"], row["value"]["n"]) for row in history] if status == 200 else []
    _expect(told == [(versions[1], 2), (versions[0], 1)], f"what was replaced is kept, not {status} {history}")
    _expect(ask(port, "PUT", path, b'{"value":')[0] in {400, 422}, "half of a body is refused")


def _create(port: int, routes: Routes, amount: int) -> dict[str, Any]:
    body = msgspec.json.encode({"account_id": ACCOUNT, "amount": amount})
    status, made = ask(port, "POST", routes.create, body)
    _expect(status == routes.created, f"a create is answered with {routes.created}, not {status} {made}")
    _expect(made["account_id"] == ACCOUNT and made["amount"] == amount, f"a create says what it created, not {made}")
    _expect(bool(made[routes.id_member]) and bool(made["created_at"]), f"a create names its id and time: {made}")
    return made


def _list_is_newest_first(port: int, routes: Routes, newest: list[str]) -> None:
    status, page = ask(port, "GET", routes.newest)
    rows = page[routes.items] if routes.items and status == 200 else page
    _expect(status == 200, f"the list is answered with 200, not {status} {page}")
    _expect(len(rows) <= LIST_LENGTH, f"a list of {LIST_LENGTH} has no more rows than that, not {len(rows)}")
    _expect([row[routes.id_member] for row in rows[:2]] == newest, "the list begins with the newest transaction")


def _bad_input_is_refused(port: int, routes: Routes) -> None:
    for bad in (
        {"account_id": ACCOUNT},
        {"account_id": "no-uuid", "amount": 1},
        {"account_id": ACCOUNT, "amount": "x"},
    ):
        status, _ = ask(port, "POST", routes.create, msgspec.json.encode(bad))
        _expect(status in {400, 422}, f"{bad} is refused, not answered with {status}")
    status, _ = ask(port, "GET", routes.get + routes.unknown)
    _expect(status == 404, f"an unknown transaction is 404, not {status}")


def _expect(holds: bool, wanted: str) -> None:
    if not holds:
        raise NotTheSameWork(f"expected that {wanted}")
