"""Who may reach the service, and what is said when the address cannot be had."""

import socket

import pytest

from roadbed.kernel.errors import ConfigurationError, RoadbedError, Unavailable
from roadbed.kernel.settings import Settings
from roadbed.runtime.listening import allowed_hosts, check_exposure, is_loopback, listen, url_of


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(host="::1"),
        Settings(host="0.0.0.0", open_access=True),
        Settings(environment="production", open_access=True, allowed_hosts=("api.example.org",)),
        Settings(environment="production", open_access=True, allowed_hosts=("*",), host="0.0.0.0"),
    ],
)
def test_what_may_be_opened(settings: Settings) -> None:
    assert check_exposure(settings) is None


OPEN = "environment = production: this release has no access control yet. If something in front of the service keeps "
OPEN += "strangers out, say so with open_access = true"
REACH = "host = 0.0.0.0: other machines could reach the service, which asks for no credentials. Keep 127.0.0.1, or "
REACH += "permit it with open_access = true"
HOSTS = "allowed_hosts: production needs the host names under which clients reach the service"


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        (
            Settings(host="0.0.0.0"),
            (REACH,),
        ),
        (Settings(environment="production", allowed_hosts=("a",)), (OPEN,)),
        (Settings(environment="production", host="0.0.0.0"), (OPEN, HOSTS)),
        (Settings(environment="production", open_access=True), (HOSTS,)),
    ],
)
def test_what_may_not_be_opened(settings: Settings, problems: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_exposure(settings)
    assert caught.value.problems == problems


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        (Settings(), ("localhost", "127.0.0.1", "[::1]")),
        (Settings(allowed_hosts=("box.local",)), ("localhost", "127.0.0.1", "[::1]", "box.local")),
        (Settings(allowed_hosts=("localhost",)), ("localhost", "127.0.0.1", "[::1]")),
        (Settings(environment="production", allowed_hosts=("api.example.org",)), ("api.example.org",)),
        (Settings(environment="production"), ()),
    ],
)
def test_hosts_that_requests_may_ask_for(settings: Settings, hosts: tuple[str, ...]) -> None:
    assert allowed_hosts(settings) == hosts


def test_the_socket_listens() -> None:
    with listen(Settings(port=0)) as sock:
        port = sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            assert client.getpeername() == ("127.0.0.1", port)


def test_the_socket_reaches_workers() -> None:
    with listen(Settings(port=0)) as sock:
        assert sock.get_inheritable()


def test_a_name_is_looked_up() -> None:
    with listen(Settings(host="localhost", port=0)) as sock:
        assert is_loopback(sock.getsockname()[0])


def failure(settings: Settings) -> RoadbedError:
    with pytest.raises(RoadbedError) as caught:
        listen(settings)
    return caught.value


def test_a_busy_port() -> None:
    with listen(Settings(port=0)) as other:
        port = other.getsockname()[1]
        error = failure(Settings(port=port))
    assert (type(error), error.detail) == (
        Unavailable,
        f"port {port} on 127.0.0.1 is in use by another process. Stop that one, or choose another port with --port",
    )


def test_a_port_is_free_again_at_once() -> None:
    first = listen(Settings(port=0))
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), timeout=60):
        first.close()
    with listen(Settings(port=port)) as second:
        assert second.getsockname()[1] == port


def test_an_address_of_another_machine() -> None:
    error = failure(Settings(host="192.0.2.1", port=0))
    assert (type(error), error.detail) == (
        ConfigurationError,
        "host = 192.0.2.1: this machine does not have that address",
    )


def test_an_address_that_is_none() -> None:
    assert failure(Settings(host="no such host")).detail == "host = no such host: there is no such address"


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        (13, "port 80 needs more rights than this user has: choose one from 1024 on"),
        (1, "port 80 needs more rights than this user has: choose one from 1024 on"),
        (105, "127.0.0.1:80 cannot be listened on: No buffer space available"),
    ],
)
def test_other_refusals_of_the_system(number: int, detail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_sock: socket.socket, _address: object) -> None:
        raise OSError(number, "No buffer space available")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    assert failure(Settings(port=80)).detail == detail


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}"),
        ("0.0.0.0", "http://127.0.0.1:{port}"),
        ("localhost", "http://localhost:{port}"),
    ],
)
def test_the_url_for_a_browser(host: str, url: str) -> None:
    settings = Settings(host=host, port=0)
    with listen(settings) as sock:
        assert url_of(sock, settings) == url.format(port=sock.getsockname()[1])


def test_the_url_of_an_ipv6_address() -> None:
    class Listening(socket.socket):
        def getsockname(self) -> tuple[str, int]:
            return "::1", 8000

    with Listening() as sock:
        assert url_of(sock, Settings(host="::1")) == "http://[::1]:8000"
