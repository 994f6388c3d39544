"""What the probes of an orchestrator see while something goes wrong."""

import asyncio
import http.client
from types import TracebackType
from typing import Self

from tests.support.waiting import PATIENCE, eventually, wait_until


def status_of(port: int, path: str) -> int:
    """Return the status of a GET, 0 where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class Probes:
    """Asks for liveness and readiness again and again; keeps the statuses, each run of equal ones once."""

    def __init__(self, port: int, pause: float = 0.1) -> None:
        self.live: list[int] = []
        self.ready: list[int] = []
        self._port = port
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._ask())
        await self.readiness(200)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def readiness(self, status: int) -> None:
        """Wait until ``/health/ready`` answers with this status."""
        await eventually(lambda: self.ready[-1:] == [status], f"/health/ready answers {status}")

    async def _ask(self) -> None:
        while True:
            for path, seen in (("/health/live", self.live), ("/health/ready", self.ready)):
                status = await asyncio.to_thread(status_of, self._port, path)
                if seen[-1:] != [status]:
                    seen.append(status)
            await asyncio.sleep(self._pause)


def wait_for_readiness(port: int, status: int) -> None:
    wait_until(lambda: status_of(port, "/health/ready") == status, f"/health/ready answers {status}")
