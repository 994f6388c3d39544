"""`roadbed seed`: the domains that bring sample data get it, and what came is told."""

from pathlib import Path

import pytest

from roadbed.domains.telemetry import seeds
from tests.unit.cli.conftest import Command

TELEMETRY = "telemetry"


def rows(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()]


def test_all_domains_that_bring_some(roadbed: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROADBED_DOMAINS", f"ledger,vouchers,{TELEMETRY}")
    monkeypatch.setattr(seeds, "DAYS", 1)
    assert roadbed("migrate", "upgrade").code == 0
    first = roadbed("seed")
    assert [row[:2] for row in rows(first.out)] == [
        ["ledger", "transactions"],
        ["vouchers", "templates"],
        ["vouchers", "vouchers"],
        ["telemetry", "assets"],
        ["telemetry", "signals"],
        ["telemetry", "measurements"],
    ]
    assert rows(first.out)[1:3] == [["vouchers", "templates", "1", "0"], ["vouchers", "vouchers", "12", "0"]]
    again = roadbed("seed", "vouchers")
    assert rows(again.out) == [["vouchers", "templates", "0", "1"], ["vouchers", "vouchers", "0", "12"]]
    again = roadbed("seed", TELEMETRY, "--keep", str(folder))
    assert rows(again.out)[:2] == [["telemetry", "assets", "0", "3"], ["telemetry", "signals", "0", "4"]]
    assert (folder / "measurements.csv").stat().st_size > 1000


def test_one_that_brings_none_is_refused(
    roadbed: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seedless.py").write_text(
        "from roadbed.resource.domain import Domain\ndomain = Domain(name='seedless', title='None')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    outcome = roadbed("seed", "seedless:domain")
    assert (outcome.code, outcome.err) == (2, "roadbed: there is no sample data for seedless\n")
