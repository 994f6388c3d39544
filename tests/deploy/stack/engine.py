"""The stack in a Docker engine of this machine, through its command line."""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.request import Request, urlopen

from tests.style.tree import ROOT
from tests.support.ports import free_port

PROJECT = "roadbed-try"
IMAGE = "roadbed:0.1.0"
HOST = "localhost"
# All but Grafana, of which Debian has no package that could stand in for its image.
SERVICES = (
    *("proxy", "api", "migrate", "volumes", "postgres", "redis"),
    *("prometheus", "alertmanager", "node-exporter", "postgres-exporter", "redis-exporter"),
)
LASTING = tuple(name for name in SERVICES if name not in {"migrate", "volumes"})
PATIENCE = 180.0
"""Seconds until a container must be well again, on a machine with other work."""

# Run in the network of another container: connects to each HOST:PORT, prints one line per address.
_CONNECT = """
import socket, sys
for place in sys.argv[1:]:
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except OSError:
        print(place, "no")
    else:
        print(place, "yes")
"""


class Stack:
    """One stack on ports of its own; its secrets are those of the work tree."""

    def __init__(self) -> None:
        self.https, self.prometheus = free_port(), free_port()
        self._env = os.environ | {
            "STACK_HOST": HOST,
            "ROADBED_OPEN_ACCESS": "true",
            "STACK_HTTPS_PORT": str(self.https),
            "PROMETHEUS_PORT": str(self.prometheus),
            "ALERTMANAGER_PORT": str(free_port()),
            "STACK_EDGE_SUBNET": "172.30.254.0/24",
        }
        self.started_in = 0.0

    def compose(self, *words: str) -> str:
        """Run a command of docker-compose, or of Compose v2 where COMPOSE says so; return what it printed."""
        program = os.environ.get("COMPOSE", "docker-compose").split()
        overlay = ("-f", "compose.yaml", "-f", "tests/deploy/stack/compose.yaml")
        return run([*program, "-p", PROJECT, *overlay, *words], self._env)

    def up(self) -> None:
        """Start everything, and wait until all of it is well."""
        run([str(ROOT / "deploy/compose/make-secrets")])
        begun = time.monotonic()
        self.compose("up", "-d", "--no-build", *SERVICES)
        for service in LASTING:
            self.wait_well(service)
        self.started_in = time.monotonic() - begun

    def down(self) -> None:
        self.compose("down", "-v", "--timeout", "30")

    def container(self, service: str) -> str:
        return self.compose("ps", "-q", service).strip()

    def facts(self, service: str) -> Any:
        """Return all that the engine knows of a container."""
        return json.loads(run(["docker", "inspect", self.container(service)]))[0]

    def address(self, service: str, network: str) -> str:
        return self.facts(service)["NetworkSettings"]["Networks"][f"{PROJECT}_{network}"]["IPAddress"]

    def is_well(self, service: str) -> bool:
        state = self.facts(service)["State"]
        return state["Running"] and state["Health"]["Status"] == "healthy"

    def wait_well(self, service: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self.is_well(service):
            if time.monotonic() > until:
                raise TimeoutError(
                    f"{service} is not well: {run(['docker', 'logs', '--tail', '30', self.container(service)])}"
                )
            time.sleep(0.5)

    def kill(self, service: str) -> None:
        """Kill the first process of a container, as a crash would: `docker kill` would keep it from being restarted."""
        os.kill(self.facts(service)["State"]["Pid"], signal.SIGKILL)

    def inside(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container, whatever its exit code."""
        command = ["docker", "exec", self.container(service), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def reached(self, service: str, places: Sequence[str]) -> set[str]:
        """Return to which HOST:PORT a container's own network leads."""
        network = f"container:{self.container(service)}"
        printed = run(["docker", "run", "--rm", "--network", network, IMAGE, "python", "-c", _CONNECT, *places])
        answers = dict(line.rsplit(" ", 1) for line in printed.splitlines())
        if set(answers) != set(places):
            raise RuntimeError(f"not all were tried: {printed}")
        return {place for place, answer in answers.items() if answer == "yes"}

    @cached_property
    def authority(self) -> str:
        """The certificate of the proxy's own authority."""
        return self.inside("proxy", "cat", "/data/caddy/pki/authorities/local/root.crt").stdout

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.authority)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.https}"

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 10) -> Any:
        """Send a request through the proxy; return the JSON of its reply.

        Raises:
            OSError: there was no reply, or one from 400 on (``urllib.error.HTTPError``).
        """
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=timeout, context=self._tls) as reply:
            return json.load(reply)


def run(command: Sequence[str], env: dict[str, str] | None = None) -> str:
    """Return what a command printed; one that fails raises with what it said."""
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout
