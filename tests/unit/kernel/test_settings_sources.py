"""Settings come from a file, the environment and flags; all that is wrong is said together."""

from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings, table
from roadbed.kernel.settings_sources import Loaded, bounds, load

ROWS = {row.name: row for row in table()}


def problems_of(
    flags: dict[str, object] | None = None, environ: dict[str, str] | None = None, folder: Path = Path("nowhere")
) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(flags, environ or {}, folder)
    return caught.value.problems


def write(folder: Path, text: str, name: str = "roadbed.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def source(loaded: Loaded, name: str) -> tuple[object, str]:
    return getattr(loaded.settings, name), loaded.sources[name]


def test_nothing_given_is_all_defaults(tmp_path: Path) -> None:
    loaded = load({}, {}, tmp_path)
    assert (loaded.settings, set(loaded.sources.values())) == (Settings(), {"default"})


def test_a_value_from_the_file(tmp_path: Path) -> None:
    write(tmp_path, "port = 9000\n")
    assert source(load({}, {}, tmp_path), "port") == (9000, "roadbed.toml: port")


def test_a_value_from_the_environment(tmp_path: Path) -> None:
    assert source(load({}, {"ROADBED_PORT": "9001"}, tmp_path), "port") == (9001, "ROADBED_PORT")


def test_a_value_from_a_flag(tmp_path: Path) -> None:
    assert source(load({"port": "9002"}, {}, tmp_path), "port") == (9002, "--port")


def test_later_sources_win(tmp_path: Path) -> None:
    write(tmp_path, 'port = 9000\nhost = "127.0.0.2"\nworkers = 2\n')
    loaded = load({"port": "9002"}, {"ROADBED_PORT": "9001", "ROADBED_HOST": "127.0.0.3"}, tmp_path)
    assert [source(loaded, name) for name in ("port", "host", "workers")] == [
        (9002, "--port"),
        ("127.0.0.3", "ROADBED_HOST"),
        (2, "roadbed.toml: workers"),
    ]


def test_a_flag_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    assert source(load({"port": None}, {"ROADBED_PORT": "9001"}, tmp_path), "port") == (9001, "ROADBED_PORT")


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_not_given(value: str, tmp_path: Path) -> None:
    assert source(load({}, {"ROADBED_PORT": value}, tmp_path), "port") == (8000, "default")


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    assert load({}, {"PORT": "1", "HOME": "/", "ROADBEDX": "1"}, tmp_path).settings == Settings()


def test_the_file_may_lie_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, "port = 9000\n", "mine.toml")
    loaded = load({}, {"ROADBED_CONFIG": str(path)}, Path("nowhere"))
    assert source(loaded, "port") == (9000, f"{path}: port")


def test_a_named_file_stands_in_for_the_one_nearby(tmp_path: Path) -> None:
    write(tmp_path, "port = 9000\n")
    path = write(tmp_path, "workers = 3\n", "mine.toml")
    settings = load({}, {"ROADBED_CONFIG": str(path)}, tmp_path).settings
    assert settings == Settings(workers=3)


def test_every_kind_from_a_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        environment = "production"
        domains = ["ledger", "shop.domain:domain"]
        data = "/srv/roadbed"
        open_access = true
        allowed_hosts = ["api.example.org"]
        body_limit = "2 MiB"
        request_timeout = "1 min"
        keep_alive = 5
        access_log_sample = 0.25
        """,
    )
    assert load({}, {}, tmp_path).settings == Settings(
        environment="production",
        domains=("ledger", "shop.domain:domain"),
        data=Path("/srv/roadbed"),
        open_access=True,
        allowed_hosts=("api.example.org",),
        body_limit=2 * 1024 * 1024,
        request_timeout=60.0,
        keep_alive=5.0,
        access_log_sample=0.25,
    )


def test_every_kind_from_the_environment(tmp_path: Path) -> None:
    environ = {
        "ROADBED_ENVIRONMENT": "production",
        "ROADBED_DOMAINS": "ledger, shop.domain:domain",
        "ROADBED_DATA": "/srv/roadbed",
        "ROADBED_OPEN_ACCESS": "yes",
        "ROADBED_ALLOWED_HOSTS": "api.example.org",
        "ROADBED_BODY_LIMIT": "2MiB",
        "ROADBED_REQUEST_TIMEOUT": "60",
        "ROADBED_KEEP_ALIVE": "5 s",
        "ROADBED_ACCESS_LOG_SAMPLE": "0.25",
        "ROADBED_METRICS": "off",
    }
    assert load({}, environ, tmp_path).settings == Settings(
        environment="production",
        domains=("ledger", "shop.domain:domain"),
        data=Path("/srv/roadbed"),
        open_access=True,
        allowed_hosts=("api.example.org",),
        body_limit=2 * 1024 * 1024,
        request_timeout=60.0,
        keep_alive=5.0,
        access_log_sample=0.25,
        metrics=False,
    )


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROADBED_PORT", "9009")
    assert source(load(), "port") == (9009, "ROADBED_PORT")


def test_the_working_directory_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path, "port = 9010\n")
    monkeypatch.chdir(tmp_path)
    assert source(load({}, {}), "port") == (9010, "roadbed.toml: port")


def test_all_that_is_wrong_is_said_together(tmp_path: Path) -> None:
    write(tmp_path, 'prot = 9000\nworkers = 0\nlog_level = "info"\n')
    found = problems_of({"port": "http"}, {"ROADBED_KEEP_ALIVE": "ages", "ROADBED_HOSTT": "x"}, tmp_path)
    assert sorted(found) == sorted(
        [
            "roadbed.toml: prot is not a setting; did you mean port?",
            "roadbed.toml: workers: 0: 1 to 256 is expected",
            "ROADBED_HOSTT is not a setting; did you mean ROADBED_HOST?",
            "ROADBED_KEEP_ALIVE: 'ages': a time in seconds, such as 2.5, '500 ms' or '2 min' is expected",
            "--port: 'http': a whole number is expected",
        ]
    )


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"ROADBED_XYZZY_FROTZ": "1"}, "ROADBED_XYZZY_FROTZ is not a setting"),
        ({"ROADBED_CONFIGG": "1"}, "ROADBED_CONFIGG is not a setting; did you mean ROADBED_CONFIG?"),
        ({"ROADBED_DATABASEURL": "1"}, "ROADBED_DATABASEURL is not a setting; did you mean ROADBED_DATABASE_URL?"),
        (
            {"ROADBED_LOG_LEVEL": "warn"},
            "ROADBED_LOG_LEVEL: 'warn': one of debug, info, warning, error is expected; did you mean warning?",
        ),
        (
            {"ROADBED_ENVIRONMENT": "staging"},
            "ROADBED_ENVIRONMENT: 'staging': one of development, production is expected",
        ),
        ({"ROADBED_PORT": "65536"}, "ROADBED_PORT: '65536': 0 to 65535 is expected"),
        ({"ROADBED_BODY_LIMIT": "2 GiB"}, "ROADBED_BODY_LIMIT: '2 GiB': 1 KiB to 1 GiB is expected"),
        ({"ROADBED_BODY_LIMIT": "5"}, "ROADBED_BODY_LIMIT: '5': 1 KiB to 1 GiB is expected"),
        ({"ROADBED_LOCK_TIMEOUT": "2 h"}, "ROADBED_LOCK_TIMEOUT: '2 h': 0.1 s to 3600 s is expected"),
        ({"ROADBED_ACCESS_LOG_SAMPLE": "1.5"}, "ROADBED_ACCESS_LOG_SAMPLE: '1.5': 0 to 1 is expected"),
        ({"ROADBED_OPEN_ACCESS": "perhaps"}, "ROADBED_OPEN_ACCESS: 'perhaps': true or false is expected"),
        (
            {"ROADBED_ALLOWED_HOSTS": "a.example, https://b.example"},
            "ROADBED_ALLOWED_HOSTS: 'https://b.example': a name without a scheme is expected",
        ),
        ({"ROADBED_DOMAINS": ","}, "ROADBED_DOMAINS: at least one domain is expected"),
    ],
)
def test_a_wrong_variable(environ: dict[str, str], problem: str) -> None:
    assert problems_of(environ=environ) == (problem,)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port = true\n", "roadbed.toml: port: True: a whole number is expected"),
        ("port = 80.5\n", "roadbed.toml: port: 80.5: a whole number is expected"),
        ("host = 1\n", "roadbed.toml: host: 1: text is expected"),
        ("[port]\nx = 1\n", "roadbed.toml: port: {'x': 1}: a whole number is expected"),
        ("[server]\nport = 1\n", "roadbed.toml: server is not a setting"),
        ("keep_alive = nan\n", None),
        ("keep_alive = inf\n", None),
    ],
)
def test_a_wrong_line_in_the_file(text: str, problem: str | None, tmp_path: Path) -> None:
    write(tmp_path, text)
    found = problems_of(folder=tmp_path)
    assert (len(found), problem is None or found[0] == problem) == (1, True)


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    write(tmp_path, "port: 8000\n")
    (problem,) = problems_of(folder=tmp_path)
    assert problem.startswith("roadbed.toml: is not valid TOML: ")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "roadbed.toml").write_bytes(b"\xff\xfe")
    (problem,) = problems_of(folder=tmp_path)
    assert problem.startswith("roadbed.toml: is not valid TOML: ")


def test_a_named_file_that_is_missing() -> None:
    assert problems_of(environ={"ROADBED_CONFIG": "nowhere.toml"}) == (
        "nowhere.toml: cannot be read: No such file or directory",
    )


def test_a_named_file_that_is_a_folder(tmp_path: Path) -> None:
    assert problems_of(environ={"ROADBED_CONFIG": str(tmp_path)}) == (f"{tmp_path}: cannot be read: Is a directory",)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"ROADBED_DATABASE_URL": "mysql://user:word@host/name"},
            "ROADBED_DATABASE_URL: mysql://user:***@host/name: sqlite:/// or postgresql:// is expected",
        ),
        (
            {"ROADBED_DATABASE_URL": "postgress://host/x"},
            "ROADBED_DATABASE_URL: postgress://host/x: sqlite:/// or postgresql:// is expected; did you mean postgres?",
        ),
        ({"ROADBED_DATABASE_URL": "sqlite:///?"}, "ROADBED_DATABASE_URL: sqlite:///?: a path without ? is expected"),
        ({"ROADBED_DATA": "why?"}, "ROADBED_DATA: sqlite:///why?/roadbed.db: a path without ? is expected"),
        ({"ROADBED_DATABASE_URL": "data.db"}, "ROADBED_DATABASE_URL: ***: sqlite:/// or postgresql:// is expected"),
        (
            {"ROADBED_DATABASE_URL": "postgresql://host/name", "ROADBED_DATABASE_DIRECT_URL": "sqlite:///x"},
            "ROADBED_DATABASE_DIRECT_URL: sqlite:///x: postgresql:// is expected",
        ),
        (
            {"ROADBED_DATABASE_DIRECT_URL": "postgresql://host/name"},
            "ROADBED_DATABASE_DIRECT_URL: goes with a PostgreSQL database_url only",
        ),
        ({"ROADBED_REDIS_URL": "http://u:p@host"}, "ROADBED_REDIS_URL: http://***@host: redis:// is expected"),
    ],
)
def test_what_does_not_go_together(environ: dict[str, str], problem: str) -> None:
    assert problems_of(environ=environ) == (problem,)


@pytest.mark.parametrize("raw", ["mysql://user:hush@host/name", "user:hush@host"])
def test_no_password_in_a_problem(raw: str) -> None:
    assert "hush" not in "".join(problems_of(environ={"ROADBED_DATABASE_URL": raw}))


def test_no_password_in_a_problem_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'database_url = ["hush"]\n')
    assert problems_of(folder=tmp_path) == ("roadbed.toml: database_url: ***: text is expected",)


def test_what_is_shown_masks_secrets(tmp_path: Path) -> None:
    loaded = load({}, {"ROADBED_DATABASE_URL": "postgresql://user:hush@host/name"}, tmp_path)
    shown = {row.name: (text, where) for row, text, where in loaded.shown()}
    assert shown["database_url"] == ("postgresql://user:***@host/name", "ROADBED_DATABASE_URL")


def test_what_is_shown_is_everything(tmp_path: Path) -> None:
    shown = [row.name for row, _, _ in load({}, {}, tmp_path).shown()]
    assert shown == list(ROWS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "0 to 65535"),
        ("body_limit", "1 KiB to 1 GiB"),
        ("keep_alive", "0 s to 3600 s"),
        ("access_log_sample", "0 to 1"),
        ("host", ""),
    ],
)
def test_bounds_for_people(name: str, text: str) -> None:
    assert bounds(ROWS[name]) == text
