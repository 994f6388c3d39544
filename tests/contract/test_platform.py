"""What the service says of itself under /platform: all processes together, on both engines, and never a secret."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.conftest import ENGINES
from tests.contract.conftest import Running, serving
from tests.support.service import ServiceOptions
from tests.support.waiting import wait_until

TICK = 0.5
OPTIONS = {"ROADBED_STATISTICS_EVERY": str(TICK), "ROADBED_REDIS_URL": ""}


@pytest.fixture(scope="module", params=ENGINES)
def crew(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of two workers that write often."""
    options: ServiceOptions = {"arguments": ("--workers", "2"), "env": OPTIONS}
    with serving(request.param, request, tmp_path_factory, options) as started:
        yield started


@pytest.fixture
def http(crew: Running) -> Iterator[httpx.Client]:
    # A new connection each time: both workers answer.
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=crew.service.base_url, timeout=30, limits=limits) as client:
        yield client


def get(http: httpx.Client, path: str) -> Any:
    reply = http.get(path)
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store"), reply.text
    return reply.json()


def requests_so_far(http: httpx.Client) -> int:
    return sum(point["requests"] for point in get(http, "/platform/statistics?points=1000")["points"])


def test_all_workers_are_seen(http: httpx.Client) -> None:
    wait_until(lambda: len(get(http, "/platform")["workers"]) == 2, "both workers write")
    found = get(http, "/platform")
    assert (found["name"], found["environment"], found["statistics_every"]) == ("Roadbed", "development", TICK)
    assert [domain["name"] for domain in found["domains"]] == ["ledger", "kv", "items", "vouchers", "telemetry"]
    assert len({worker["pid"] for worker in found["workers"]}) == 2
    assert found["process"]["id"] in {worker["id"] for worker in found["workers"]}
    assert found["health"]["status"] == "ready"
    assert found["started_at"] == min(worker["started_at"] for worker in found["workers"])


def test_figures_of_all_workers_add_up(http: httpx.Client) -> None:
    before = requests_so_far(http)
    answered = {http.get("/ping").headers["x-request-id"] for _ in range(100)}
    # What was asked before the last question is counted, and it is counted once.
    wait_until(lambda: requests_so_far(http) >= before + 100, "all requests are written")
    assert len(answered) == 100
    found = get(http, "/platform/statistics")["latest"]
    assert found["processes"] == pytest.approx(2, abs=0.5)
    assert found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]
    assert found["memory"] > 2 * 20_000_000
    assert 0 < found["disk_free"] < found["disk_size"]


def test_a_range_is_cut_into_spans(http: httpx.Client) -> None:
    found = get(http, "/platform/statistics?from=2020-01-01T00:00:00Z&points=10")
    assert len(found["points"]) <= 10
    assert found["step"] * 10 >= 30 * 24 * 3600
    times = [point["at"] for point in found["points"]]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("points=1", "query:points"),
        ("points=1001", "query:points"),
        ("points=many", "query:points"),
        ("from=yesterday", "query:from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "query:from"),
        ("since=2026-01-01T00:00:00Z", "query:since"),
    ],
)
def test_what_is_wrong_with_a_range_is_named(http: httpx.Client, query: str, pointer: str) -> None:
    reply = http.get(f"/platform/statistics?{query}")
    assert (reply.status_code, [each["pointer"] for each in reply.json()["errors"]]) == (400, [pointer])


def test_tables_are_measured(http: httpx.Client, crew: Running) -> None:
    wait_until(lambda: get(http, "/platform/storage")["measured_at"], "tables are measured")
    found = get(http, "/platform/storage")
    tables = {table["table"]: table for table in found["tables"]}
    assert (tables["vouchers_templates"]["domain"], tables["vouchers_templates"]["resource"]) == (
        "vouchers",
        "templates",
    )
    assert (tables["vouchers_templates"]["rows"], tables["vouchers_templates"]["precision"]) == (2, "exact")
    assert found["database_bytes"] > 100_000
    is_file = crew.engine == "sqlite"
    assert ((tables["kv_entry"]["bytes"] is None), found["wal_bytes"] is not None) == (is_file, is_file)
    assert {table["domain"] for table in found["tables"]} >= {"platform", "ledger", "kv", "items", "telemetry"}


def test_settings_are_those_that_config_prints(http: httpx.Client, crew: Running) -> None:
    found = {row["name"]: row for row in get(http, "/platform/settings")}
    assert (found["statistics_every"]["value"], found["statistics_every"]["source"]) == (
        TICK,
        "ROADBED_STATISTICS_EVERY",
    )
    assert (found["workers"]["value"], found["workers"]["source"]) == (2, "--workers")
    assert (found["body_limit"]["shown"], found["body_limit"]["source"]) == ("1 MiB", "default")
    url = found["database_url"]
    assert (url["secret"], "://" in url["value"]) == (True, crew.engine == "postgres")


def test_migrations_are_current(http: httpx.Client) -> None:
    found = get(http, "/platform/migrations")
    assert [branch["branch"] for branch in found] == ["platform", "ledger", "kv", "items", "vouchers", "telemetry"]
    assert {branch["state"] for branch in found} == {"current"}
    assert all(branch["stored"] == branch["head"] == branch["revisions"][-1]["revision"] for branch in found)


def cached(http: httpx.Client) -> dict[str, Any]:
    return get(http, "/platform/cache")


def test_the_cache_is_shown_and_cleared_for_all_workers(http: httpx.Client) -> None:
    name = str(uuid4())
    http.post("/items", json={"name": name}).raise_for_status()
    seen: set[str] = set()
    for _ in range(40):
        seen.add(http.get("/items").headers["cache-status"])
    assert "roadbed; hit" in seen
    wait_until(lambda: {"items"} <= {each["resource"] for each in cached(http)["resources"]}, "hits are written")
    wait_until(lambda: cached(http)["processes"] == 2, "both processes have written")
    found = cached(http)
    assert (found["backend"], found["processes"], found["most_entries"]) == ("memory", 2, 10_000)
    assert (found["hits"] > 0, found["misses"] > 0, 0 < found["rate"] < 1) == (True, True, True)
    cleared = http.delete("/platform/cache")
    assert (cleared.status_code, cleared.content) == (204, b"")
    after = [http.get("/items").headers["cache-status"] for _ in range(20)]
    # Each of the two makes it anew, once.
    assert 1 <= sum("miss" in state for state in after) <= 2
    assert [item["name"] for item in http.get("/items").json()].count(name) == 1


def test_clearing_is_nothing_for_pages_of_strangers(http: httpx.Client) -> None:
    reply = http.delete("/platform/cache", headers={"Origin": "https://evil.example"})
    assert reply.status_code == 403


def followers(http: httpx.Client, feed: str) -> int:
    return sum(each["subscribers"] for each in get(http, "/platform/feeds") if each["feed"] == feed)


def test_feeds_tell_who_follows_them_in_all_workers(http: httpx.Client) -> None:
    key = str(uuid4())
    http.put(f"/kv/{key}", json={"value": 1}).raise_for_status()
    number = next(each["number"] for each in get(http, "/platform/feeds") if each["feed"] == "kv")
    assert number >= 1
    with http.stream("GET", "/kv?watch=true") as first, http.stream("GET", "/kv?watch=true") as second:
        assert (first.status_code, second.status_code) == (200, 200)
        wait_until(lambda: followers(http, "kv") == 2, "both are seen")
        wait_until(
            lambda: (get(http, "/platform/statistics")["latest"] or {}).get("subscribers", 0) > 0, "streams are counted"
        )
    wait_until(lambda: followers(http, "kv") == 0, "both have left")


def test_nothing_of_the_platform_is_part_of_a_batch(http: httpx.Client) -> None:
    reply = http.post("/batch", json={"operations": [{"method": "DELETE", "path": "/platform/cache"}]})
    assert reply.status_code == 404


def test_the_document_has_it_under_one_tag(crew: Running) -> None:
    paths = {path: item for path, item in crew.document.whole["paths"].items() if path.startswith("/platform")}
    assert len(paths) == 8
    tags = {tag for item in paths.values() for operation in item.values() for tag in operation["tags"]}
    assert tags == {"operations"}


def test_no_reply_knows_a_password(http: httpx.Client) -> None:
    everything = "".join(
        json.dumps(get(http, path))
        for path in ("/platform", "/platform/settings", "/platform/storage", "/platform/errors", "/platform/cache")
    )
    assert "password=" not in everything
