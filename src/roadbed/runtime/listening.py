"""The listening socket: bound before anything else is done, so that a busy port is said at once.

Also who may be listened to: without credentials the service opens itself to this machine alone.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from roadbed.kernel.errors import ConfigurationError, Unavailable
from roadbed.kernel.settings import PRODUCTION, Settings

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings) -> None:
    """Refuse to open a service that knows no credentials to others, unless that is said explicitly.

    Raises:
        ConfigurationError: what must be set, all of it together.
    """
    problems: list[str] = []
    production = settings.environment == PRODUCTION
    if not settings.open_access and production:
        problems.append(
            "environment = production: this release has no access control yet. If something in front of the service "
            "keeps strangers out, say so with open_access = true"
        )
    elif not settings.open_access and not is_loopback(settings.host):
        problems.append(
            f"host = {settings.host}: other machines could reach the service, which asks for no credentials. "
            "Keep 127.0.0.1, or permit it with open_access = true"
        )
    if production and not settings.allowed_hosts:
        problems.append("allowed_hosts: production needs the host names under which clients reach the service")
    if problems:
        raise ConfigurationError(problems=problems)


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the host names that requests may ask for."""
    if settings.environment == PRODUCTION:
        return settings.allowed_hosts
    return (*LOCAL_NAMES, *(name for name in settings.allowed_hosts if name not in LOCAL_NAMES))


def listen(settings: Settings) -> socket.socket:
    """Return a socket that listens on the host and port: what connects waits until the server runs.

    Raises:
        ConfigurationError: the address is not one of this machine, or the port needs more rights.
        Unavailable: another process has the port.
    """
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise ConfigurationError(f"host = {host}: there is no such address") from None
    sock = socket.socket(family, kind, protocol)
    try:
        # A restart must not wait for connections of the last run to be forgotten.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Two processes may both bind as long as neither listens: only this tells who has the port.
        sock.listen(settings.backlog)
    except OSError as error:
        sock.close()
        raise _explained(error, host, port) from error
    sock.set_inheritable(True)
    return sock


def _explained(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"port {port} on {host} is in use by another process. Stop that one, or choose another port with --port"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigurationError(f"port {port} needs more rights than this user has: choose one from 1024 on")
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigurationError(f"host = {host}: this machine does not have that address")
    return ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror}")


def url_of(sock: socket.socket, settings: Settings) -> str:
    """Return where a browser on this machine finds the service."""
    port: int = sock.getsockname()[1]
    host = settings.host
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
