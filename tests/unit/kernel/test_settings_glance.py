"""Settings that are read before, or for, something else: a glance at a few, and where errors are reported to."""

from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings_sources import glance, load


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("ftp://key@host/7", "ftp://key@host/7"),
        ("https://host/7", "https://host/7"),
        ("https://key@host/seven", "https://***@host/seven"),
        ("https://key@host:port/7", "https://***@host:port/7"),
        ("https://key@/7", "https://***@/7"),
        ("key", "***"),
    ],
)
def test_a_wrong_place_to_report_errors_to(dsn: str, shown: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({}, {"ROADBED_SENTRY_DSN": dsn}, tmp_path)
    assert caught.value.problems == (f"ROADBED_SENTRY_DSN: {shown}: https://key@host/project is expected",)


def test_its_key_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("https://key@host/7\n")
    loaded = load({}, {"ROADBED_SENTRY_DSN_FILE": str(tmp_path / "dsn")}, tmp_path)
    assert loaded.settings.sentry_dsn == "https://key@host/7"


@pytest.mark.parametrize("dsn", ["https://key@host/7", "http://key@127.0.0.1:9000/prefix/7", "https://key:old@host/7"])
def test_a_place_to_report_errors_to(dsn: str, tmp_path: Path) -> None:
    loaded = load({}, {"ROADBED_SENTRY_DSN": dsn}, tmp_path)
    assert (loaded.settings.sentry_dsn, "key" in repr(loaded.settings)) == (dsn, False)


def test_a_glance_sees_what_is_wrong_too(tmp_path: Path) -> None:
    (tmp_path / "roadbed.toml").write_text('environment = "prodction"\nlog_format = "json"\nport = "http"\n')
    seen = glance(("environment", "log_format", "service_name"), {"ROADBED_LOG_FORMAT": "console"}, tmp_path)
    assert seen == {"environment": "prodction", "log_format": "console"}


@pytest.mark.parametrize("content", ["environment = [", "\x00"])
def test_a_glance_at_a_file_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "roadbed.toml").write_text(content)
    assert glance(("environment",), {"ROADBED_CONFIG": str(tmp_path / "roadbed.toml")}) == {}
