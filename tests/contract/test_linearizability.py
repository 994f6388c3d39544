"""Compare-and-set on one key by many clients, on two worker processes: one order explains every answer."""

import json
import random
import time
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.contract.conftest import Running
from tests.contract.crowd import Client, together
from tests.contract.linearizability import Done, is_linearizable

RIVALS = 8
CALLS = 40


def act(client: Client, key: str, name: str, seed: int) -> list[Done]:
    """Read, write and delete one key, at random; return what was asked and answered."""
    dice = random.Random(seed)
    done: list[Done] = []
    seen = 0
    for number in range(CALLS):
        method = dice.choices(["GET", "PUT", "DELETE"], [4, 5, 1])[0]
        known = dice.choice([None, seen, 0]) if method != "GET" else None
        if method == "DELETE":
            known = known or None
        value = f"{name} {number}" if method == "PUT" else None
        conditions = {} if known is None else {"If-None-Match": "*"} if not known else {"If-Match": f'"{known}"'}
        began = time.perf_counter()
        reply = client.call(method, f"/kv/{key}", None if value is None else {"value": value}, conditions)
        ended = time.perf_counter()
        told = json.loads(reply.body) if reply.status in (200, 201) else {"version": 0, "value": None}
        done.append(Done(began, ended, method.lower(), reply.status, known, told["version"], value or told["value"]))
        seen = told["version"] or (seen if reply.status == 412 else 0)
    return done


def test_one_order_explains_every_answer(workers: Running) -> None:
    key = str(uuid4())
    told = together(workers.port, lambda name, client: act(client, key, str(name), name), count=RIVALS)
    history = [done for some in told for done in some]
    assert {200, 201, 204, 404, 412} <= {done.status for done in history}
    assert is_linearizable(history)
    # Had one answer been that of another moment, it would have been found.
    late = max((done for done in history if done.kind == "get" and done.status == 200), key=lambda done: done.began)
    early = min((done for done in history if done.kind == "put" and done.version), key=lambda done: done.began)
    stale = replace(late, version=early.version, value=early.value)
    assert not is_linearizable([stale if done is late else done for done in history])


def put(began: float, ended: float, status: int, version: int = 0, seen: int | None = None) -> Done:
    return Done(began, ended, "put", status, seen, version, str(version))


def get(began: float, ended: float, version: int) -> Done:
    return Done(began, ended, "get", 200 if version else 404, None, version, str(version) if version else None)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([], True, id="nothing"),
        pytest.param([put(0, 1, 201, 1), get(2, 3, 1)], True, id="one after the other"),
        pytest.param([put(0, 3, 201, 1), get(1, 2, 0)], True, id="at once, the read first"),
        pytest.param([put(0, 3, 201, 1), get(1, 2, 1)], True, id="at once, the write first"),
        pytest.param([put(0, 1, 201, 1), get(2, 3, 0)], False, id="a stale read"),
        pytest.param([put(0, 9, 201, 1), get(1, 2, 1), get(3, 4, 0)], False, id="a value that goes back"),
        pytest.param(
            [put(0, 1, 201, 1), put(2, 5, 200, 2, 1), put(2, 5, 200, 3, 1)], False, id="two winners over one version"
        ),
        pytest.param([put(0, 1, 201, 1), put(2, 5, 200, 2, 1), put(2, 5, 412, seen=1)], True, id="one winner"),
        pytest.param([put(0, 1, 201, 1), put(2, 3, 412, seen=1)], False, id="refused for no reason"),
        pytest.param([put(0, 1, 201, 2), put(2, 3, 200, 1)], False, id="a version that falls"),
        pytest.param([put(0, 1, 201, 1), put(2, 3, 201, 2)], False, id="created twice"),
        pytest.param([put(0, 1, 201, 1), Done(2, 3, "delete", 204), put(4, 5, 201, 1)], False, id="a version again"),
        pytest.param([put(0, 1, 201, 1), Done(2, 3, "delete", 404)], False, id="a deletion that misses"),
    ],
)
def test_the_checker(history: list[Done], expected: bool) -> None:
    assert is_linearizable(history) is expected
