"""A service with a million measurements of one signal in it, on either engine, and a browser before it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from shutil import which
from socket import create_server

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from bench.harness.postgres import Cluster

SIGNAL = 900001
ROWS = 1000
START = datetime(2021, 11, 1)  # noqa: DTZ001 - the file says no zone
PATIENCE = 60
"""Seconds for the service to start, and for a page to show anything."""


@dataclass
class Stage:
    """Where the service is, and windows on it."""

    url: str
    browser: Browser

    def page(self) -> Page:
        """Open a window that has nothing in its cache."""
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        return page


@contextmanager
def database_of(engine: str, folder: Path) -> Iterator[str | None]:
    """Start the database server that an engine needs; yield the URL of an empty database, None where it needs none."""
    if engine == "sqlite":
        yield None
        return
    # The server has a user of its own, who must get to its folder.
    folder.chmod(0o711)
    with Cluster(folder / "cluster", core=None) as cluster:
        yield cluster.create_database("console")


@contextmanager
def staged(folder: Path, points: int, database_url: str | None = None) -> Iterator[Stage]:
    """Serve ``points`` measurements from a folder or a database, open a browser; end both."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = folder / "data"
    data.mkdir()
    roadbed = str(Path(sys.executable).parent / "roadbed")
    command = [roadbed, "up", "--data", str(data), "--port", str(port)]
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(command, cwd=folder, env=environment_of(database_url), stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, service)
        _fill(url, _measurements(folder, points))
        with sync_playwright() as playwright:
            unboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
            yield Stage(url, playwright.chromium.launch(executable_path=_chromium(), args=unboxed))
    finally:
        service.terminate()
        service.wait(PATIENCE)


def environment_of(database_url: str | None) -> dict[str, str]:
    """Return the environment of the service: it runs on what was asked for, and on nothing that lies about here."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    return plain if database_url is None else {**plain, "ROADBED_DATABASE_URL": database_url}


def _wait(url: str, service: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while service.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{url}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("The service does not start")


def _measurements(folder: Path, points: int) -> Path:
    """Write a random walk with rare spikes, two seconds apart."""
    chance = Random(1)
    path, drift = folder / "measurements.csv", 0.0
    with path.open("w", encoding="utf-8") as file:
        file.write("Ts|SignalId|MeasurementValue\n")
        for number in range(points):
            drift = 0.999 * drift + chance.gauss(0, 0.05)
            spike = 0.6 if chance.random() < 1e-5 else 0.0
            at = (START + timedelta(seconds=2 * number)).isoformat(" ", "milliseconds")
            file.write(f"{at}|{SIGNAL}|{50 + 0.05 * drift + spike:.4f}\n")
    return path


def _fill(url: str, path: Path) -> None:
    with httpx.Client(base_url=url, timeout=600) as client:
        asset = {"latitude": 47.4, "longitude": 8.5, "description": "bench"}
        signal = {"signal_gid": f"0192f0c1-1111-7111-8111-{SIGNAL:012}", "signal_name": "FREQUENCY", "asset_id": 900}
        client.put("/assets/900", json=asset).raise_for_status()
        client.put(f"/signals/{SIGNAL}", json={**signal, "unit": "Hz"}).raise_for_status()
        for first in range(0, ROWS, 100):
            items = [{"name": f"Thing number {number}"} for number in range(first, first + 100)]
            client.post("/items/bulk", json=items).raise_for_status()
        with path.open("rb") as file:
            client.post("/measurements", content=file, headers={"Content-Type": "text/csv"}).raise_for_status()


def _chromium() -> str:
    found = which("chromium") or which("chromium-browser") or which("google-chrome")
    if found is None:
        raise SystemExit("Chromium is missing; on Debian: apt-get install chromium")
    return found
