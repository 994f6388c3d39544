"""The servers that other tests stand on start, fail and end as they say."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.support.ports import free_port, is_listening
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.process import ServerFailedError
from tests.support.service import Service, running_service
from tests.support.waiting import WaitedTooLongError, eventually, wait_until

# Stands in for `roadbed up`: answers every GET with 200, and ends in order on SIGTERM and SIGINT.
STAND_IN = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
print(sorted(name for name in os.environ if name.startswith("ROADBED_")), flush=True)
def leave(*_): print("orderly end", flush=True); os._exit(0)
signal.signal(signal.SIGTERM, leave); signal.signal(signal.SIGINT, leave)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path, command=[sys.executable, "-c", STAND_IN]) as service:
        yield service


def test_free_ports_differ_and_are_free() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    assert not any(is_listening(port) for port in ports)


def test_waiting_ends_and_says_for_what() -> None:
    with pytest.raises(WaitedTooLongError, match=r"the moon: not within 0\.05 s"):
        wait_until(lambda: False, "the moon", within=0.05)


async def test_eventually_returns_once_it_is_true() -> None:
    answers = iter([False, False, True])
    await eventually(lambda: next(answers), "third time")


def test_a_service_starts_ends_in_order_and_starts_again(stand_in: Service) -> None:
    assert is_listening(stand_in.port)
    assert stand_in.terminate() == 0
    assert not is_listening(stand_in.port)
    stand_in.start()
    assert stand_in.interrupt() == 0
    assert stand_in.logs().count("orderly end") == 2


def test_kill9_leaves_no_chance(stand_in: Service) -> None:
    stand_in.kill9()
    assert stand_in.exit_code == -9
    assert "orderly end" not in stand_in.logs()


def test_a_service_gets_its_own_settings_and_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADBED_PORT", "1")
    command = [sys.executable, "-c", STAND_IN]
    with running_service(tmp_path, command=command, env={"ROADBED_A": "1"}, database_url="postgresql://x") as service:
        assert "['ROADBED_A', 'ROADBED_DATABASE_URL']" in service.logs()


def test_a_service_that_ends_at_start_shows_its_log(tmp_path: Path) -> None:
    service = Service(tmp_path, command=[sys.executable, "-c", "raise SystemExit('port 1 is taken')"])
    with pytest.raises(ServerFailedError, match=r"ended with 1 before it was ready(.|\n)*port 1 is taken"):
        service.start()


def test_a_service_that_never_gets_ready_is_an_error(tmp_path: Path) -> None:
    service = Service(tmp_path, command=[sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(ServerFailedError, match="not ready within 0"):
        service.start(timeout=0.2)
    service.close()
    assert service.exit_code == -9


def test_each_database_is_its_own(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.create_database(), postgres_server.create_database()
    postgres_server.sql("CREATE TABLE only_here (id int)", first.rpartition("/")[2])
    names = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'"
    assert postgres_server.sql(names, first.rpartition("/")[2]) == "1"
    assert postgres_server.sql(names, second.rpartition("/")[2]) == "0"


def test_a_template_is_prepared_once(postgres_server: PostgresServer) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        postgres_server.sql("CREATE TABLE from_template (id int)", url.rpartition("/")[2])

    for _ in range(2):
        url = postgres_server.create_database(postgres_server.template("support-test", prepare))
        assert postgres_server.sql("SELECT count(*) FROM from_template", url.rpartition("/")[2]) == "0"
    assert len(prepared) == 1


def test_a_crash_keeps_what_was_committed_and_the_server_returns(own_postgres: PostgresServer) -> None:
    own_postgres.sql("CREATE TABLE kept AS SELECT 7 AS n")
    own_postgres.stop("immediate")
    assert not is_listening(own_postgres.port)
    own_postgres.start()
    assert own_postgres.sql("SELECT n FROM kept") == "7"


def test_a_failing_test_leaves_no_server() -> None:
    ports: list[int] = []

    def fail_inside() -> None:
        with running_postgres() as server:
            ports.append(server.port)
            assert is_listening(server.port)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert not is_listening(ports[0])


def test_both_engines_take_turns(engine: str, engine_url: str) -> None:
    assert engine_url.startswith({"sqlite": "sqlite:///", "postgres": "postgresql://"}[engine])


def test_a_real_service_starts_and_ends_on_either_engine(start_service: StartService, engine_url: str) -> None:
    service = start_service(database_url=engine_url)
    assert service.is_ready()
    assert service.terminate() == 0
    assert not service.is_ready()
