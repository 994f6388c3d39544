"""Expressions of panels, as PromQL has them."""

from roadbed.resource.panels import mean, or_none, part, pick, quantile, quantiles, rate
from roadbed.runtime.measures import FLIGHT_SIZE, HTTP_DURATION, HTTP_REQUESTS


def test_a_selector_is_of_the_chosen_instances() -> None:
    assert pick("up") == 'up{instance=~"$instance"}'
    assert pick(HTTP_REQUESTS, 'status="200"') == 'roadbed_http_requests_total{instance=~"$instance",status="200"}'


def test_a_rate() -> None:
    assert rate("up_total", 'a="b"') == 'rate(up_total{instance=~"$instance",a="b"}[$__rate_interval])'


def test_the_parts_of_a_histogram() -> None:
    assert [part(FLIGHT_SIZE, which) for which in ("sum", "count", "bucket")] == [
        "roadbed_flight_size_sum",
        "roadbed_flight_size_count",
        "roadbed_flight_size_bucket",
    ]


def test_a_quantile_of_all_and_by_label() -> None:
    inner = 'rate(roadbed_flight_size_bucket{instance=~"$instance"}[$__rate_interval])'
    assert quantile(0.5, FLIGHT_SIZE) == f"histogram_quantile(0.5, sum by (le) ({inner}))"
    assert quantile(0.9, FLIGHT_SIZE, by="flight") == f"histogram_quantile(0.9, sum by (le, flight) ({inner}))"


def test_a_mean_of_all_and_by_label() -> None:
    total, count = (rate(f"roadbed_flight_size_{which}") for which in ("sum", "count"))
    assert mean(FLIGHT_SIZE) == f"sum ({total}) / sum ({count})"
    assert mean(FLIGHT_SIZE, by="flight") == f"sum by (flight) ({total}) / sum by (flight) ({count})"


def test_what_has_not_happened_is_zero() -> None:
    assert or_none("sum(x)") == "(sum(x)) or vector(0)"


def test_quantiles_are_named() -> None:
    found = quantiles(HTTP_DURATION, 'route="/"')
    assert [query.legend for query in found] == ["p50", "p95", "p99"]
    assert found[2].expression == quantile(0.99, HTTP_DURATION, 'route="/"')
