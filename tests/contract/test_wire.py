"""The bytes of HTTP: nobody hides a request behind another one, and each is answered once."""

import pytest

from tests.contract.conftest import Running
from tests.contract.conventions import check_problem, check_reply
from tests.contract.runner import Names, rows_since
from tests.contract.tables.exchanges import EXCHANGES, Exchange
from tests.contract.wire import Connection, head


@pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
def test_bytes_are_answered_once_and_in_order(running: Running, exchange: Exchange) -> None:
    names = Names(f"127.0.0.1:{running.port}")
    before = running.stored.counts()
    sent: bytes = names.fill(exchange.sent)
    size = exchange.pieces or len(sent)
    with Connection(running.port) as connection:
        for start in range(0, len(sent), size):
            connection.send(sent[start : start + size])
        replies = [connection.read_reply() for _ in exchange.statuses]
        assert exchange.statuses == tuple(reply.status for reply in replies)
        for reply in replies:
            check_reply(reply, "GET")
        if exchange.kind:
            check_problem(replies[-1], exchange.kind)
        if exchange.closes:
            assert replies[-1].header("connection") == "close"
            assert connection.is_closed()
        else:
            connection.send(head("GET", "/ping", {"Host": names["host"]}))
            assert connection.read_reply().status == 200
    assert exchange.rows == rows_since(before, running.stored)
