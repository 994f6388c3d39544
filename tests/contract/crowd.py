"""Many clients at once, each on a connection of its own."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.contract.conventions import check_reply
from tests.contract.wire import Connection, Reply, head

CLIENTS = 50


class Client(Connection):
    """A client with a connection of its own, which it keeps."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._host = f"127.0.0.1:{port}"

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send one request and check what every reply has."""
        raw = b"" if body is None else json.dumps(body).encode()
        about = {} if body is None else {"Content-Type": "application/json", "Content-Length": str(len(raw))}
        self.send(head(method, path, {"Host": self._host, **about, **(headers or {})}) + raw)
        reply = self.read_reply(method)
        check_reply(reply, method)
        return reply

    def add(self, account: str, amount: int, **more: str) -> Reply:
        return self.call("POST", "/transactions", {"account_id": account, "amount": amount, **more})


def together(
    port: int, act: Callable[[int, Client], Any], then: Callable[[], object] | None = None, count: int = CLIENTS
) -> list[Any]:
    """Let all clients act at once, each on its own connection; ``then`` is called before they hang up."""
    begin = Barrier(count)
    clients = [Client(port) for _ in range(count)]

    def run(number: int) -> Any:
        begin.wait(timeout=60)
        return act(number, clients[number])

    try:
        with ThreadPoolExecutor(count) as pool:
            results = list(pool.map(run, range(count)))
        if then is not None:
            then()
        return results
    finally:
        for client in clients:
            client.close()
