"""The command line says what it would do, and what is wrong with a wish."""

from pathlib import Path

import pytest

from bench.harness import cli
from bench.harness.cli import EXIT_USAGE, main, parser, unfit
from bench.harness.results import PairResult, Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "fastfy"], "unknown contender or part fastfy"),
        (["--work", "craete"], "unknown work craete; known: create, create-hot, get, list, lists, ping"),
        (["--connections", "33"], "unknown connections 33; known: 1, 32, 256"),
        (["--rounds", "0"], "seconds and rounds start at 1"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == EXIT_USAGE
    assert message in capsys.readouterr().err


def test_a_plan_is_printed_and_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.harness.cli._available", lambda pairs: (pairs, {}))

    assert (
        main(["--plan", "--only", "roadbed,pocketbase", "--work", "get", "--connections", "32", "--rounds", "9"]) == 0
    )
    printed = capsys.readouterr().err
    assert "1 pairs, 0 parts, about" in printed
    assert "roadbed and pocketbase: get@32×9" in printed


def test_parts_can_be_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plan", "--only", "feed,import-sqlite"]) == 0
    printed = capsys.readouterr().err
    assert "0 pairs, 2 parts, about" in printed
    assert "import-sqlite: Roadbed, embedded: a CSV file of measurements against apsw's executemany" in printed
    assert "feed: Roadbed, embedded: a change to all of 1,000 watchers\n" in printed


def test_contenders_that_are_not_installed_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.harness.cli._available", lambda _: ([], {"django": "gunicorn is not installed"}))

    assert main(["--only", "django"]) == EXIT_USAGE
    printed = capsys.readouterr().err
    assert "left out: django: gunicorn is not installed" in printed
    assert "nothing to measure" in printed


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (Run({}, {}, pairs=[PairResult("roadbed", "limit", others=0.05)]), ""),
        (Run({}, {}, pairs=[PairResult("roadbed", "limit", others=0.2)]), "others used 20% of the cores"),
        (Run({}, {}, problems=["PocketBase: lost a row"]), "there were problems"),
        (Run({}, {}, skipped={"django": "not installed"}), "left out: django"),
    ],
)
def test_only_a_sound_run_is_evidence(run: Run, reason: str) -> None:
    assert unfit(run) == reason


@pytest.mark.parametrize(
    ("others", "names"),
    [
        (0.0, {"2026-01-02T030405Z.md", "2026-01-02T030405Z.json", "latest.md", "latest.json"}),
        (0.5, {"2026-01-02T030405Z.md", "2026-01-02T030405Z.json"}),
    ],
)
def test_evidence_alone_is_saved_as_the_latest(
    others: float, names: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "RESULTS", tmp_path / "results")
    run = Run({"time": "2026-01-02T03:04:05Z"}, {}, pairs=[PairResult("roadbed", "limit", others=others)])

    assert cli._write(run, "text\n", save=True) is (others == 0.0)
    assert {path.name for path in (tmp_path / "results").iterdir()} == names


def test_the_help_names_every_contender_and_exit_status() -> None:
    text = parser().format_help()

    assert "roadbed-postgres" in text
    assert "Exit status" in text
