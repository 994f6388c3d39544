"""Another program holds the lock of the embedded database: who is on call hears of it, and of its end."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from tests.deploy.prometheus import Receiver, receiving
from tests.deploy.test_alerts_live import CROWD, Clients, alerting
from tests.support.service import Service, running_service
from tests.support.waiting import PATIENCE, wait_until

LOCK_TIMEOUT = 0.3
"""Seconds: shorter than the default by the same factor as all else here, about."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def service(tmp_path: Path, receiver: Receiver) -> Iterator[Service]:
    """A service on SQLite that is watched."""
    env = {"ROADBED_DOMAINS": "items", "ROADBED_LOCK_TIMEOUT": str(LOCK_TIMEOUT)}
    url = f"sqlite:///{tmp_path / 'items.db'}"
    with (
        running_service(tmp_path / "service", database_url=url, env=env) as started,
        alerting(tmp_path, started, receiver),
    ):
        yield started


def test_a_lock_that_somebody_else_holds(service: Service, receiver: Receiver, tmp_path: Path) -> None:
    clients = Clients(service)
    with clients.coming(1, 0.1):
        wait_until(lambda: receiver.of("RoadbedWatchdog", "firing"), "the watchdog arrives", PATIENCE)
        assert receiver.of("RoadbedDatabaseLocked", "firing") == []
        with closing(apsw.Connection(str(tmp_path / "items.db"))) as other:
            other.execute("BEGIN IMMEDIATE")
            with clients.coming(CROWD, 0.05):
                wait_until(lambda: receiver.of("RoadbedDatabaseLocked", "firing"), "the alert arrives", PATIENCE)
            other.execute("ROLLBACK")
        since = len(receiver.heard)
        wait_until(lambda: receiver.of("RoadbedDatabaseLocked", "resolved", since), "its end arrives", PATIENCE)
    alert = receiver.of("RoadbedDatabaseLocked", "firing")[0]
    assert (alert["labels"]["severity"], alert["labels"]["job"]) == ("page", "roadbed")
    assert alert["annotations"]["runbook_url"] == "https://runbooks.example.org/database.md#locked"
    assert json.dumps(alert["annotations"]["summary"]).count("write lock") == 1
    # What is down is told by another rule: this database is not.
    assert receiver.of("RoadbedDatabaseDown", "firing") == []
