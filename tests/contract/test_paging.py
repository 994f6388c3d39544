"""Lists longer than a page: a thousand rows where no limit is given, and every row once on the way to the end."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.conftest import Running
from tests.contract.runner import kept
from tests.contract.wire import Connection, Reply, head

PAGE = 1000
CONNECTIONS = 10


def fetch(running: Running, target: str) -> Reply:
    with Connection(running.port) as connection:
        connection.send(head("GET", target, {"Host": f"127.0.0.1:{running.port}"}))
        reply = connection.read_reply()
    assert reply.status == 200
    return reply


def add_all(running: Running, bodies: list[dict[str, Any]]) -> None:
    """Add transactions, some at a time."""

    def add(share: list[dict[str, Any]]) -> None:
        with Connection(running.port) as connection:
            for body in share:
                raw = json.dumps(body).encode()
                about = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
                connection.send(head("POST", "/transactions", {"Host": f"127.0.0.1:{running.port}", **about}) + raw)
                assert connection.read_reply().status == 201

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(add, [bodies[start::CONNECTIONS] for start in range(CONNECTIONS)]))


def walk(running: Running, target: str) -> list[list[dict[str, Any]]]:
    """Follow ``Link`` to the end; return the pages."""
    pages: list[list[dict[str, Any]]] = []
    following: str | None = target
    while following is not None:
        reply = fetch(running, following)
        pages.append(json.loads(reply.body))
        following = None if reply.header("link") is None else kept(reply, "next")
    return pages


@pytest.fixture(scope="module")
def long_account(running: Running) -> str:
    """An account with one transaction more than a page holds; and as many accounts, with one each."""
    account = str(uuid4())
    add_all(running, [{"account_id": account, "amount": number} for number in range(PAGE + 1)])
    add_all(running, [{"account_id": str(uuid4()), "amount": number} for number in range(PAGE + 1)])
    return account


@pytest.mark.parametrize("target", ["/transactions?account_id={}", "/accounts/{}/transactions"])
def test_a_page_holds_a_thousand_rows_where_nothing_else_is_said(
    running: Running, long_account: str, target: str
) -> None:
    first, second = walk(running, target.format(long_account))
    assert (len(first), len(second)) == (PAGE, 1)
    assert list(range(PAGE + 1, 0, -1)) == [row["sequence"] for row in first + second]


def test_the_whole_list_of_transactions_is_newest_first_and_each_comes_once(
    running: Running, long_account: str
) -> None:
    count = running.stored.counts().transactions
    pages = walk(running, "/transactions")
    rows = [row for page in pages for row in page]
    assert [PAGE] * (count // PAGE) == [len(page) for page in pages][: count // PAGE]
    assert count == len(rows)
    keys = [(datetime.fromisoformat(row["created_at"]), row["transaction_id"]) for row in rows]
    assert sorted(set(keys), reverse=True) == keys
    assert str(count) == fetch(running, "/transactions?limit=1&total=true").header("total-count")


def test_the_whole_list_of_accounts_is_by_id_and_each_comes_once(running: Running, long_account: str) -> None:
    count = running.stored.counts().accounts
    for limit in ("", "?limit=97"):
        rows = [row for page in walk(running, f"/accounts{limit}") for row in page]
        assert count == len(rows)
        ids = [row["account_id"] for row in rows]
        assert sorted(set(ids)) == ids
    assert str(count) == fetch(running, "/accounts?limit=1&total=true").header("total-count")
