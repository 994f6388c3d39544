"""Load through the proxy: payments that are repeated until they are answered, and then counted."""

import threading
import time
from types import TracebackType
from typing import Self
from urllib.error import HTTPError
from uuid import uuid4

from tests.deploy.stack.engine import PATIENCE, Stack


class Payer(threading.Thread):
    """One client with an account of its own; each payment is of 1, under an id that it keeps while it repeats."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self.account = str(uuid4())
        self.paid = 0
        self.refused: list[str] = []
        self.longest = 0.0
        self._stack = stack
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            self._pay({"account_id": self.account, "amount": 1, "transaction_id": str(uuid4())})

    def _pay(self, payment: dict[str, object]) -> None:
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            try:
                self._stack.ask("POST", "/transactions", payment)
            except HTTPError as error:
                error.close()
                if error.code < 500:
                    self.refused.append(f"{error.code}")
                    return
            except OSError:
                pass  # nobody there for now: the same payment again
            else:
                self.paid += 1
                self.longest = max(self.longest, time.monotonic() - begun)
                return
            time.sleep(0.05)
        self.refused.append("no answer")

    def end(self) -> None:
        """Let the payment that is under way come to its end."""
        self._ended.set()
        self.join()


class Payments:
    """Clients that pay until the block ends; then every balance must be what its client was told."""

    def __init__(self, stack: Stack, clients: int = 4) -> None:
        self._stack = stack
        self._payers = [Payer(stack) for _ in range(clients)]

    def __enter__(self) -> Self:
        for payer in self._payers:
            payer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for payer in self._payers:
            payer.end()

    @property
    def count(self) -> int:
        return sum(payer.paid for payer in self._payers)

    @property
    def longest(self) -> float:
        """Seconds that the slowest payment took, repetitions included."""
        return max(payer.longest for payer in self._payers)

    def wait_for_more(self, more: int = 20) -> None:
        """Wait until so many more payments were answered."""
        wanted, until = self.count + more, time.monotonic() + PATIENCE
        while self.count < wanted:
            if time.monotonic() > until:
                raise TimeoutError(f"payments stand still at {self.count}")
            time.sleep(0.05)

    def differences(self) -> list[str]:
        """Return what is not as the clients were told; each payment must be there once."""
        found = [f"refused: {payer.refused}" for payer in self._payers if payer.refused]
        for payer in self._payers:
            balance = self._stack.ask("GET", f"/accounts/{payer.account}")["balance"]
            if balance != payer.paid:
                found.append(f"{payer.account}: told of {payer.paid}, stored {balance}")
        return found
