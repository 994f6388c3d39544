"""What the child is told, and how a URL is read."""

from typing import Any

import msgspec
import pytest

from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.protocol import Reply, Request, dialect_of, sqlite_path
from roadbed.kernel.errors import ConfigurationError


class TestDialect:
    @pytest.mark.parametrize(
        ("url", "dialect"),
        [
            ("sqlite:///data/roadbed.db", "sqlite"),
            ("postgresql://u:p@h/d", "postgresql"),
            ("postgres://h/d", "postgresql"),
        ],
    )
    def test_is_named_by_the_scheme(self, url: str, dialect: str) -> None:
        assert dialect_of(url) == dialect

    @pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "postgresql+asyncpg://u:secret@h/d"])
    def test_others_are_refused_without_repeating_the_password(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            dialect_of(url)
        scheme = url.partition(":")[0]
        assert caught.value.detail == (f"a database URL begins with sqlite:/// or postgresql://, not with {scheme!r}")


class TestSqlitePath:
    @pytest.mark.parametrize(
        ("url", "path"),
        [
            ("sqlite:///data/roadbed.db", "data/roadbed.db"),
            ("sqlite:////var/lib/roadbed.db", "/var/lib/roadbed.db"),
        ],
    )
    def test_is_what_follows_three_slashes(self, url: str, path: str) -> None:
        assert sqlite_path(url) == path

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:a.db", "sqlite:///a?b"])
    def test_a_file_must_be_named(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            sqlite_path(url)
        assert caught.value.detail.startswith("database_url: a ")
        assert " is expected" in caught.value.detail


class TestMessages:
    @pytest.mark.parametrize(
        "message",
        [
            Request("upgrade", "sqlite:///a.db", [Location("shop", "shop.migrations", "shop.tables:metadata")]),
            Request("downgrade", "sqlite:///a.db", [], branch="shop", target=None, lock_timeout=1.5, timeout=2),
            Request("preview", "postgresql://h/d", [], heads=["platform_0001"], installed=[Location("a", "b")]),
            Reply(revisions=["shop_0001"]),
            Reply(failure="mismatch", detail="die Währung ist ungültig €"),
        ],
    )
    def test_survive_the_journey(self, message: Any) -> None:
        assert msgspec.json.decode(msgspec.json.encode(message), type=type(message)) == message
