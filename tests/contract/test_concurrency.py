"""Fifty clients at once, on two worker processes, on both engines: books stay exact, and exactly one of rivals wins."""

import json
import re
import time
from collections import Counter
from datetime import datetime
from uuid import uuid4

from tests.contract.conftest import Running
from tests.contract.crowd import CLIENTS, Client, together
from tests.contract.runner import rows_since
from tests.contract.scenarios import Rows
from tests.contract.wire import Reply
from tests.support.waiting import wait_until

WRITES = 20

OPEN_FILES = re.compile(r'^roadbed_process_open_files\{worker="(\d+)"\} (\d+)', re.MULTILINE)


def open_files(port: int) -> dict[str, int]:
    """Return how many files each worker has open, as the service itself tells."""
    with Client(port) as client:
        return {
            worker: int(count) for worker, count in OPEN_FILES.findall(client.call("GET", "/metrics").body.decode())
        }


def idle_files(port: int) -> dict[str, int]:
    """Return how many files each of two workers has open while nobody calls; each tells it anew every second."""
    seen = [open_files(port)]

    def settled() -> bool:
        time.sleep(1.2)
        seen.append(open_files(port))
        return len(seen[-1]) == 2 and seen[-1] == seen[-2]

    wait_until(settled, "both workers at rest")
    return seen[-1]


def test_the_balance_of_a_hot_account_is_exact(workers: Running) -> None:
    hot, before, idle = str(uuid4()), workers.stored.counts(), idle_files(workers.port)
    served: set[str] = set()
    replies: list[Reply] = []

    def write(number: int, client: Client) -> list[Reply]:
        return [client.add(hot, (number + 1) * (-1) ** turn + turn) for turn in range(WRITES)]

    def see_who_serves() -> None:
        def grown() -> dict[str, int]:
            return {worker: count - idle[worker] for worker, count in open_files(workers.port).items()}

        # Each connection is a file of the worker that serves it.
        wait_until(lambda: sum(grown().values()) >= CLIENTS, "all connections counted")
        served.update(worker for worker, count in grown().items() if count > 0)

    # The system parts new connections between the workers as it likes: now and then one gets them all.
    for _ in range(50):
        replies += [reply for some in together(workers.port, write, see_who_serves) for reply in some]
        if len(served) == 2:
            break
    assert len(served) == 2
    assert {201} == {reply.status for reply in replies}
    assert Rows(transactions=len(replies), accounts=1) == rows_since(before, workers.stored)

    entries = sorted((json.loads(reply.body) for reply in replies), key=lambda entry: entry["sequence"])
    assert list(range(1, len(replies) + 1)) == [entry["sequence"] for entry in entries]
    balance = 0
    for entry in entries:
        balance += entry["amount"]
        assert balance == entry["balance"]
    instants = [datetime.fromisoformat(entry["created_at"]) for entry in entries]
    assert sorted(instants) == instants
    assert {hot: balance} == workers.stored.balances([hot])


def test_money_that_goes_around_is_neither_lost_nor_made(workers: Running) -> None:
    accounts = [str(uuid4()) for _ in range(5)]

    def move(number: int, client: Client) -> list[int]:
        statuses: list[int] = []
        for turn in range(WRITES):
            source, target = accounts[(number + turn) % 5], accounts[(number + 2 * turn + 1) % 5]
            body = {"from": source, "to": target, "amount": number + 1}
            statuses.append(client.call("POST", "/transfers", body).status)
        return statuses

    before = workers.stored.counts()
    statuses = Counter(status for some in together(workers.port, move) for status in some)
    # Where source and target are the same the transfer is refused: (n + t) and (n + 2t + 1) meet where t is 4 mod 5.
    assert statuses == {201: CLIENTS * WRITES * 4 // 5, 400: CLIENTS * WRITES // 5}
    assert Rows(transactions=2 * statuses[201], accounts=5) == rows_since(before, workers.stored)
    assert sum(workers.stored.balances(accounts).values()) == 0


def test_a_floor_holds_whoever_comes_first(workers: Running) -> None:
    account = str(uuid4())
    with Client(workers.port) as client:
        client.add(account, 10)
        assert client.call("PUT", f"/accounts/{account}/limits", {"min_balance": 0}).status == 200
    statuses = together(workers.port, lambda _, client: client.add(account, -1).status)
    assert Counter(statuses) == {201: 10, 409: CLIENTS - 10}
    assert {account: 0} == workers.stored.balances([account])


def test_of_one_request_sent_by_many_one_is_done(workers: Running) -> None:
    account, key = str(uuid4()), {"Idempotency-Key": str(uuid4())}
    body = {"account_id": account, "amount": 7}
    before = workers.stored.counts()
    replies = together(workers.port, lambda _, client: client.call("POST", "/transactions", body, key))
    assert Counter(reply.status for reply in replies) == {201: CLIENTS}
    assert len({reply.body for reply in replies}) == 1
    assert Counter(reply.header("idempotency-replayed") for reply in replies) == {None: 1, "true": CLIENTS - 1}
    assert Rows(transactions=1, accounts=1, keys=1) == rows_since(before, workers.stored)
    assert {account: 7} == workers.stored.balances([account])


def test_of_one_key_with_many_contents_one_is_done(workers: Running) -> None:
    account, key = str(uuid4()), {"Idempotency-Key": str(uuid4())}

    def write(number: int, client: Client) -> int:
        return client.call("POST", "/transactions", {"account_id": account, "amount": number}, key).status

    before = workers.stored.counts()
    assert Counter(together(workers.port, write)) == {201: 1, 422: CLIENTS - 1}
    assert Rows(transactions=1, accounts=1, keys=1) == rows_since(before, workers.stored)


def test_a_chosen_id_is_taken_once(workers: Running) -> None:
    account, chosen = str(uuid4()), str(uuid4())
    before = workers.stored.counts()
    replies = together(workers.port, lambda _, client: client.add(account, 7, transaction_id=chosen))
    assert Counter(reply.status for reply in replies) == {201: 1, 200: CLIENTS - 1}
    assert len({reply.body for reply in replies}) == 1
    assert Rows(transactions=1, accounts=1) == rows_since(before, workers.stored)


def test_a_transaction_is_reversed_by_one(workers: Running) -> None:
    with Client(workers.port) as client:
        moved = client.call("POST", "/transfers", {"from": str(uuid4()), "to": str(uuid4()), "amount": 7})
    legs = [leg["transaction_id"] for leg in json.loads(moved.body)["transactions"]]

    def undo(number: int, client: Client) -> int:
        return client.call("POST", f"/transactions/{legs[number % 2]}/reversal").status

    before = workers.stored.counts()
    assert Counter(together(workers.port, undo)) == {201: 1, 409: CLIENTS - 1}
    assert Rows(transactions=2) == rows_since(before, workers.stored)


def test_a_condition_lets_one_writer_through(workers: Running) -> None:
    account = str(uuid4())
    with Client(workers.port) as client:
        client.add(account, 100)

    def set_floor(number: int, client: Client) -> int:
        path, seen = f"/accounts/{account}/limits", {"If-Match": '"1"'}
        return client.call("PUT", path, {"min_balance": number}, seen).status

    assert Counter(together(workers.port, set_floor)) == {200: 1, 412: CLIENTS - 1}
    with Client(workers.port) as client:
        assert client.call("GET", f"/accounts/{account}").header("etag") == '"2"'


def test_no_lock_was_met(workers: Running) -> None:
    assert "locked" not in workers.service.logs()
