"""A variable with _FILE at its end names a file that holds the value, as containers are given secrets."""

from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import table
from roadbed.kernel.settings_sources import IN_A_FILE, LONGEST_FILE, load

SECRET = "postgresql://user:hush@host/name"


def secret_file(folder: Path, content: str | bytes) -> str:
    path = folder / "secret"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def problems_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load({}, environ, Path("nowhere"))
    return caught.value.problems


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"  {SECRET}\r\n\n"])
def test_a_value_from_the_file_that_a_variable_names(content: str, tmp_path: Path) -> None:
    loaded = load({}, {"ROADBED_DATABASE_URL_FILE": secret_file(tmp_path, content)}, tmp_path)
    assert (loaded.settings.database_url, loaded.sources["database_url"]) == (SECRET, "ROADBED_DATABASE_URL_FILE")


def test_every_setting_may_lie_in_a_file(tmp_path: Path) -> None:
    assert load({}, {"ROADBED_PORT_FILE": secret_file(tmp_path, "9001\n")}, tmp_path).settings.port == 9001


def test_no_setting_is_named_as_if_it_were_a_file() -> None:
    assert [row.variable for row in table() if row.variable.endswith(IN_A_FILE)] == []


def test_a_flag_wins_over_the_file(tmp_path: Path) -> None:
    loaded = load({"port": "9002"}, {"ROADBED_PORT_FILE": secret_file(tmp_path, "9001")}, tmp_path)
    assert (loaded.settings.port, loaded.sources["port"]) == (9002, "--port")


def test_the_file_wins_over_roadbed_toml(tmp_path: Path) -> None:
    (tmp_path / "roadbed.toml").write_text("port = 9000\n")
    assert load({}, {"ROADBED_PORT_FILE": secret_file(tmp_path, "9001")}, tmp_path).settings.port == 9001


def test_an_empty_variable_names_no_file(tmp_path: Path) -> None:
    loaded = load({}, {"ROADBED_PORT_FILE": " ", "ROADBED_PORT": "9001"}, tmp_path)
    assert loaded.settings.port == 9001


def test_an_empty_variable_leaves_its_file_alone(tmp_path: Path) -> None:
    environ = {"ROADBED_PORT": "", "ROADBED_PORT_FILE": secret_file(tmp_path, "9001")}
    assert load({}, environ, tmp_path).settings.port == 9001


def test_both_are_refused(tmp_path: Path) -> None:
    environ = {"ROADBED_DATABASE_URL": SECRET, "ROADBED_DATABASE_URL_FILE": secret_file(tmp_path, SECRET)}
    assert problems_of(environ) == ("ROADBED_DATABASE_URL_FILE: ROADBED_DATABASE_URL is set too; set one of them",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (b"\xff\xfe", "is no UTF-8 text"),
        ("x" * (LONGEST_FILE + 1), "holds more than 64 KiB"),
    ],
    ids=["empty", "blank", "binary", "too large"],
)
def test_a_file_that_holds_no_value(content: str | bytes, problem: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path, content)
    assert problems_of({"ROADBED_REDIS_URL_FILE": path}) == (f"ROADBED_REDIS_URL_FILE: {path}: {problem}",)


def test_a_file_that_is_missing() -> None:
    assert problems_of({"ROADBED_REDIS_URL_FILE": "nowhere"}) == (
        "ROADBED_REDIS_URL_FILE: nowhere: cannot be read: No such file or directory",
    )


def test_a_file_for_what_is_no_setting() -> None:
    assert problems_of({"ROADBED_DATABASEURL_FILE": "x"})[0].startswith("ROADBED_DATABASEURL_FILE is not a setting")


def test_a_wrong_value_in_a_file_is_told_under_the_variable(tmp_path: Path) -> None:
    (problem,) = problems_of({"ROADBED_PORT_FILE": secret_file(tmp_path, "http")})
    assert problem == "ROADBED_PORT_FILE: 'http': a whole number is expected"


def test_no_password_of_a_file_in_a_problem(tmp_path: Path) -> None:
    assert "hush" not in "".join(problems_of({"ROADBED_DATABASE_URL_FILE": secret_file(tmp_path, "my://u:hush@h/n")}))
