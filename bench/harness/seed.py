"""What every run starts from: the same accounts, the same bodies, and transactions to look up."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.harness import client
from bench.harness.contender import Routes
from bench.harness.errors import NotTheSameWork

ACCOUNTS = 10_000
LOOKUPS = 5_000
KEYS = 5_000
CONNECTIONS = 32


def accounts() -> list[str]:
    """Return the same random ids in every run and for every contender."""
    source = random.Random(20_211_107)
    return [str(uuid.UUID(int=source.getrandbits(128), version=4)) for _ in range(ACCOUNTS)]


def body(account: str, number: int) -> bytes:
    """Return a transaction to create: a signed amount, never 0; every fifth takes money out."""
    amount = (number % 1000 + 1) * (-1 if number % 5 == 0 else 1)
    return b'{"account_id":"%s","amount":%d}' % (account.encode(), amount)


def bodies(known: list[str], count: int) -> Iterator[bytes]:
    return (body(known[number % len(known)], number) for number in range(count))


def transactions(port: int, routes: Routes, known: list[str], count: int = LOOKUPS) -> list[str]:
    """Create transactions through the contender's own API; return their ids."""
    requests = (client.request("POST", routes.create, each) for each in bodies(known, count))
    replies = client.ask_all(port, requests, CONNECTIONS)
    refused = [(status, text) for status, text in replies if status != routes.created]
    if refused:
        status, text = refused[0]
        raise NotTheSameWork(f"{len(refused)} of {count} creates were refused, the first: {status} {text[:200]!r}")
    return [msgspec.json.decode(text)[routes.id_member] for _, text in replies]


def keys() -> list[str]:
    """Return the keys under which values lie, the same for every contender."""
    return [f"bench/{number}" for number in range(KEYS)]


def values(port: int, routes: Routes, known: list[str]) -> None:
    """Store a value under every key, through the contender's own API."""
    requests = [client.request("PUT", routes.kv + key, b'{"value":{"n":0}}') for key in known]
    refused = [status for status, _ in client.ask_all(port, requests, CONNECTIONS) if status != 201]
    if refused:
        raise NotTheSameWork(f"{len(refused)} of {len(known)} values were refused, the first with {refused[0]}")


def write_lines(path: Path, lines: list[str]) -> Path:
    """Write what the scripts of wrk read."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
