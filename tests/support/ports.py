"""Ports that nobody listens on."""

import socket

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that is free now and that no earlier call in this process returned.

    The system may hand the same port out twice, before the first server listens on it: two servers of one test would
    then fight for it.
    """
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port
    raise RuntimeError(f"no fresh port on {host} in 100 attempts")


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a connection to the port succeeds within a second."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
