"""Real processes: what all of them wrote adds up to what was asked, over restarts, and can be read while none runs."""

import http.client
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.conftest import StartService
from tests.support.programs import find_program
from tests.support.service import Service

SECRET = "hush-hush"


def ask(service: Service, path: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        reply.read()
        return reply.status
    finally:
        connection.close()


def stats(service: Service, url: str, *more: str) -> Any:
    """Run `roadbed stats --json` on the database of a service."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    command = [find_program("roadbed"), "stats", "--json", "--data", str(service.data), *more]
    env = {**inherited, "ROADBED_DATABASE_URL": url}
    return json.loads(subprocess.run(command, env=env, capture_output=True, check=True, timeout=60).stdout)


def ask_many(service: Service, count: int) -> list[int]:
    with ThreadPoolExecutor(8) as crowd:
        return list(crowd.map(lambda number: ask(service, f"/nowhere/{number}"), range(count)))


def test_what_all_processes_wrote_adds_up_over_a_restart(start_service: StartService, current_url: str) -> None:
    env = {"ROADBED_STATISTICS_EVERY": "0.4"}
    service = start_service(database_url=current_url, arguments=("--workers", "2"), env=env)
    statuses = ask_many(service, 150)
    assert service.terminate() == 0
    first = stats(service, current_url)
    service.start()
    statuses += ask_many(service, 50)
    during = stats(service, current_url)
    assert service.terminate() == 0
    second = stats(service, current_url)
    assert statuses == [404] * 200
    # Nothing else was refused. The last figures of a process are written as it ends.
    assert (first["hour"]["refused"], second["hour"]["refused"]) == (150, 200)
    assert 150 <= during["hour"]["refused"] <= 200
    assert len({worker["id"] for worker in second["workers"]}) == 4
    assert len({worker["pid"] for worker in first["workers"]}) == 2


def test_a_process_that_is_killed_leaves_what_it_has_written(
    start_service: StartService, current_sqlite_url: str
) -> None:
    service = start_service(database_url=current_sqlite_url, env={"ROADBED_STATISTICS_EVERY": "3600"})
    ask_many(service, 5)
    service.kill9()
    assert stats(service, current_sqlite_url)["hour"] is None
    service.start()
    ask_many(service, 3)
    assert service.terminate() == 0
    assert stats(service, current_sqlite_url)["hour"]["refused"] == 3


def test_no_figures_where_they_are_off(start_service: StartService, current_sqlite_url: str) -> None:
    service = start_service(database_url=current_sqlite_url, env={"ROADBED_STATISTICS_EVERY": "0"})
    ask_many(service, 5)
    assert service.terminate() == 0
    found = stats(service, current_sqlite_url)
    assert (found["hour"], found["latest"], found["workers"], found["storage"]["tables"]) == (None, None, [], [])


def test_a_secret_is_in_no_reply_and_in_no_row(start_service: StartService, current_sqlite_url: str) -> None:
    env = {"ROADBED_STATISTICS_EVERY": "0.2", "ROADBED_REDIS_URL": f"redis://:{SECRET}@127.0.0.1:1/0"}
    service = start_service(database_url=current_sqlite_url, env=env)
    ask(service, f"/nowhere?token={SECRET}")
    ask(service, f"/kv/{SECRET}")
    replies: list[str] = []
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    for part in ("", "/settings", "/statistics", "/storage", "/errors", "/cache", "/feeds", "/migrations"):
        connection.request("GET", f"/platform{part}")
        replies.append(connection.getresponse().read().decode())
    connection.close()
    assert service.terminate() == 0
    assert [reply for reply in replies if SECRET in reply] == []
    assert "redis://:***@127.0.0.1:1/0" in replies[1]
    assert SECRET not in json.dumps(stats(service, current_sqlite_url))
