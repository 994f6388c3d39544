"""`roadbed doctor`: all findings at once, and exit code 1 if one is bad."""

from pathlib import Path

import apsw
import msgspec
import pytest

from roadbed.cli import doctor
from roadbed.kernel.settings import Settings
from roadbed.runtime.checkup import Finding
from tests.unit.cli.conftest import Command

NAMES = [
    "python",
    "sqlite",
    "exposure",
    "port",
    "open files",
    "clock",
    "data folder",
    "disk",
    "file system",
    "domains",
    "database",
]


def findings(roadbed: Command, *arguments: str, **variables: str) -> dict[str, tuple[str, str]]:
    done = roadbed("doctor", "--json", "--port", "0", *arguments, **variables)
    return {found["name"]: (found["state"], found["detail"]) for found in msgspec.json.decode(done.out)}


def test_a_fresh_machine_is_well(roadbed: Command, folder: Path) -> None:
    done = roadbed("doctor", "--port", "0")
    assert (done.code, [line.split("\t")[0] for line in done.out.splitlines()], list(folder.iterdir())) == (
        0,
        NAMES,
        [],
    )


def test_what_is_not_there_yet_is_no_fault(roadbed: Command) -> None:
    found = findings(roadbed)
    assert (found["data folder"], found["database"]) == (
        ("ok", "data is not there yet; a start makes it"),
        ("ok", "data/roadbed.db is not there yet; `roadbed up` makes it"),
    )


def test_a_database_that_answers(roadbed: Command, migrated: Path) -> None:
    found = findings(roadbed)
    assert (found["database"][0], found["schema"]) == ("ok", ("ok", "ledger_0001, platform_0003"))


def test_a_database_that_is_empty(roadbed: Command, postgres_url: str) -> None:
    found = findings(roadbed, ROADBED_DATABASE_URL=postgres_url)
    assert (found["database"][0], found["schema"]) == (
        "ok",
        (
            "warning",
            "empty: platform_0001, platform_0002, platform_0003, ledger_0001 missing",
        ),
    )


def test_a_database_that_is_none(roadbed: Command, folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "roadbed.db").write_text("This is no database, and long enough to be looked at. " * 20)
    found = findings(roadbed)
    assert (found["data folder"][0], found["database"]) == (
        "ok",
        ("failed", "data/roadbed.db is not a SQLite database, or it is damaged"),
    )


@pytest.mark.parametrize(
    ("change", "state", "detail"),
    [
        ("DELETE FROM alembic_version WHERE version_num LIKE 'ledger%'", "warning", "behind this release: ledger_0001"),
        ("UPDATE alembic_version SET version_num = 'x_9' WHERE version_num LIKE 'l%'", "failed", "unknown here: x_9"),
    ],
)
def test_a_schema_that_does_not_fit(roadbed: Command, migrated: Path, change: str, state: str, detail: str) -> None:
    connection = apsw.Connection(str(migrated / "data" / "roadbed.db"))
    connection.execute(change)
    connection.close()
    found = findings(roadbed)
    assert (found["schema"][0], found["schema"][1].startswith(detail)) == (state, True)


def test_a_database_that_does_not_answer(roadbed: Command) -> None:
    found = findings(roadbed, ROADBED_DATABASE_URL="postgresql://u:hush@127.0.0.1:1/x", ROADBED_DATABASE_WAIT="0")
    assert (found["database"][0], "hush" in str(found), "schema" in found) == ("failed", False, False)


def test_a_bad_finding_is_1(roadbed: Command) -> None:
    done = roadbed("doctor", "--port", "0", "--host", "0.0.0.0")
    line = next(line for line in done.out.splitlines() if line.startswith("exposure"))
    assert (done.code, line.split("\t")[1], "→ set it in roadbed.toml" in line) == (1, "FAILED", True)


def test_a_warning_is_0(roadbed: Command) -> None:
    done = roadbed("doctor", "--port", "0", ROADBED_OPEN_ACCESS="true")
    line = next(line for line in done.out.splitlines() if line.startswith("exposure"))
    assert (done.code, line.split("\t")[1]) == (0, "WARNING")


def test_an_unknown_domain(roadbed: Command) -> None:
    found = findings(roadbed, "--domains", "ledgr")
    assert (found["domains"], "database" in found) == (
        ("failed", "domains: there is no domain 'ledgr'; did you mean ledger?"),
        False,
    )


def test_a_place_that_cannot_be_used(roadbed: Command, folder: Path) -> None:
    (folder / "data").write_text("in the way")
    found = findings(roadbed)
    assert (found["data folder"][0], "disk" in found, "database" in found) == ("failed", False, False)


def test_every_finding_that_is_bad_says_how_to_mend_it(roadbed: Command) -> None:
    done = roadbed(
        "doctor",
        "--json",
        "--port",
        "0",
        "--host",
        "0.0.0.0",
        ROADBED_DATABASE_URL="postgresql://127.0.0.1:1/x",
        ROADBED_DATABASE_WAIT="0",
        ROADBED_MAX_CONNECTIONS="1000000",
    )
    found = msgspec.json.decode(done.out, type=list[Finding])
    assert [each.name for each in found if each.state == "failed" and not each.mend] == []


def test_settings_that_are_wrong_are_told_first(roadbed: Command) -> None:
    assert roadbed("doctor", "--port", "http") == (2, "", "roadbed: --port: 'http': a whole number is expected\n")


@pytest.mark.parametrize(
    ("states", "code"),
    [(["ok"], 0), (["ok", "warning"], 0), (["ok", "failed"], 1), (["failed", "ok", "warning"], 1)],
)
def test_the_worst_finding_counts(
    states: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "machine", lambda _: [Finding("x", state, "y") for state in states])  # type: ignore[arg-type]
    monkeypatch.setattr(doctor, "service", lambda _: [])
    assert (doctor.examine_and_tell(Settings(), as_json=False), len(capsys.readouterr().out.splitlines())) == (
        code,
        len(states),
    )
