"""The table of settings is complete: everything has help, a bound or a choice, and a default within it."""

from pathlib import Path

import pytest

from roadbed.kernel.settings import Setting, Settings, table
from roadbed.kernel.settings_sources import checked
from roadbed.kernel.settings_values import show

ROWS = {row.name: row for row in table()}
URL = "postgresql://user:word@host/name"


@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_help_is_a_sentence(row: Setting) -> None:
    assert (row.about.help[0].isupper() or row.about.help[0] == "`", row.about.help[-1]) == (True, ".")


@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_the_default_is_within_the_bounds(row: Setting) -> None:
    assert checked(row, row.default) == row.default


@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_the_default_is_of_its_kind(row: Setting) -> None:
    assert isinstance(row.default, row.kind)


@pytest.mark.parametrize("row", [row for row in table() if row.kind in (int, float)], ids=lambda row: row.name)
def test_every_number_is_bounded(row: Setting) -> None:
    least, most = row.about.least, row.about.most
    assert least is not None
    assert most is not None
    assert least < most


@pytest.mark.parametrize("row", [row for row in table() if row.kind is float], ids=lambda row: row.name)
def test_every_time_says_its_unit(row: Setting) -> None:
    assert (row.about.unit, row.about.most) in {("s", 3600), ("", 1)}


@pytest.mark.parametrize("row", table(), ids=lambda row: row.name)
def test_a_value_that_is_shown_can_be_set(row: Setting) -> None:
    assert checked(row, show(row.default, row.about.unit)) == row.default


def test_urls_and_headers_are_secret() -> None:
    assert {name for name, row in ROWS.items() if row.about.secret} == {
        "database_url",
        "database_direct_url",
        "redis_url",
        "sentry_dsn",
        "otlp_headers",
    }


def test_names_and_variables_match() -> None:
    assert {row.variable for row in table()} == {f"ROADBED_{name.upper()}" for name in ROWS}


def test_the_table_has_a_row_per_field() -> None:
    assert tuple(ROWS) == Settings.__struct_fields__


def test_sections_are_not_torn_apart() -> None:
    sections = [row.section for row in table()]
    assert list(dict.fromkeys(sections)) == [
        section for index, section in enumerate(sections) if index == 0 or sections[index - 1] != section
    ]


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("environment", ("development", "production")),
        ("log_format", ("auto", "json", "console")),
        ("log_level", ("debug", "info", "warning", "error")),
        ("port", ()),
    ],
)
def test_choices(name: str, choices: tuple[str, ...]) -> None:
    assert ROWS[name].choices == choices


def test_the_defaults_are_safe() -> None:
    settings = Settings()
    found = (settings.environment, settings.host, settings.open_access, settings.cors_origins, settings.trusted_proxies)
    assert found == ("development", "127.0.0.1", False, (), ())


def test_printing_shows_what_differs_and_no_password() -> None:
    settings = Settings(port=9000, database_url=URL)
    assert repr(settings) == "Settings(port=9000, database_url='postgresql://user:***@host/name')"


def test_formatting_shows_no_password_either() -> None:
    settings = Settings(database_url=URL, database_direct_url=URL)
    assert "word" not in f"{settings} {settings!r} {settings!s}"


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("", "sqlite"),
        ("sqlite:///a.db", "sqlite"),
        (URL, "postgres"),
        ("postgres://host/name", "postgres"),
    ],
)
def test_the_url_chooses_the_engine(url: str, dialect: str) -> None:
    assert Settings(database_url=url).dialect == dialect


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (Settings(), Path("data/roadbed.db")),
        (Settings(data=Path("/srv/here")), Path("/srv/here/roadbed.db")),
        (Settings(database_url="sqlite:///near/a.db"), Path("near/a.db")),
        (Settings(database_url="sqlite:////far/a.db"), Path("/far/a.db")),
    ],
)
def test_where_the_file_lies(settings: Settings, path: Path) -> None:
    assert settings.sqlite_path == path


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "sqlite:///data/roadbed.db"),
        (Settings(data=Path("/srv")), "sqlite:////srv/roadbed.db"),
        (Settings(database_url=URL), URL),
    ],
)
def test_the_url_of_the_database(settings: Settings, url: str) -> None:
    assert settings.url == url
