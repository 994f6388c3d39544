"""Settings of traces: the collector's address and its header fields, of which no value is ever shown."""

from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import load
from roadbed.kernel.settings_values import endpoint_problem, header_fields, mask

SECRET = "s3cr3t"


def problems(**variables: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load({}, {f"ROADBED_{name.upper()}": value for name, value in variables.items()}, Path("nowhere"))
    return caught.value.problems


def test_by_default_nothing_is_traced() -> None:
    settings = Settings()
    assert (settings.otlp_endpoint, settings.trace_sample, settings.service_name) == ("", 0.01, "roadbed")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4318",
        "http://collector:4318/",
        "https://otlp.example.org",
        "https://otlp.example.org/otlp/v2",
        "http://[::1]:4318",
    ],
)
def test_an_address(url: str) -> None:
    assert endpoint_problem(url) == ""
    assert load({}, {"ROADBED_OTLP_ENDPOINT": url}, Path("nowhere")).settings.otlp_endpoint == url


@pytest.mark.parametrize(
    "url",
    ["collector:4318", "grpc://collector:4317", "http://", "http:///v1", "http://a b", "http://a:port", "http://a?b=c"],
)
def test_no_address(url: str) -> None:
    assert endpoint_problem(url) == "http://host:port is expected"


def test_an_address_has_no_password() -> None:
    (problem,) = problems(otlp_endpoint=f"http://user:{SECRET}@collector:4318")
    assert ("otlp_headers" in problem, SECRET in problem) == (True, False)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("api-key=abc", {"api-key": "abc"}),
        ("a=1, b=2", {"a": "1", "b": "2"}),
        ("Authorization=Basic dXNlcjo=", {"Authorization": "Basic dXNlcjo="}),
        (" a = 1 ,", {"a": "1"}),
    ],
)
def test_header_fields(text: str, fields: dict[str, str]) -> None:
    assert header_fields(text) == fields


@pytest.mark.parametrize("text", [SECRET, f"={SECRET}", f"a b={SECRET}", f"a={SECRET}\r\nb: c", f"a={SECRET}é"])
def test_no_header_fields(text: str) -> None:
    (problem,) = problems(otlp_headers=text)
    assert "name=value is expected" in problem
    assert SECRET not in problem


def test_header_fields_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text(f"api-key={SECRET}\n")
    loaded = load({}, {"ROADBED_OTLP_HEADERS_FILE": str(file)}, tmp_path)
    assert header_fields(loaded.settings.otlp_headers) == {"api-key": SECRET}
    assert SECRET not in repr(loaded.settings)


@pytest.mark.parametrize("text", [f"api-key={SECRET}", f"a=b://{SECRET}", f"a={SECRET}://b"])
def test_header_fields_are_masked_as_a_whole(text: str) -> None:
    assert mask(text) == "***"


@pytest.mark.parametrize("share", ["-0.1", "1.1", "all"])
def test_no_share(share: str) -> None:
    assert len(problems(trace_sample=share)) == 1


@pytest.mark.parametrize("share", ["0", "1", "0.01"])
def test_a_share(share: str) -> None:
    assert load({}, {"ROADBED_TRACE_SAMPLE": share}, Path("nowhere")).settings.trace_sample == float(share)
