"""The reference pages are what the code says: who changes a setting, metric or command runs `make docs`."""

import re
from pathlib import Path

import pytest

from docs import generate, speed
from roadbed.kernel.settings import Settings
from roadbed.kernel.settings_sources import load
from tests.style.tree import ROOT


def test_the_pages_are_what_the_code_says() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").iterdir()}
    assert written == {name: page() for name, page in generate.PAGES.items()}, "run `make docs`"


def test_readme_has_the_figures_of_the_last_benchmark() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == speed.with_figures(readme), "run `make docs`"


def test_a_readme_that_has_lost_its_marks() -> None:
    with pytest.raises(ValueError, match="marks"):
        speed.with_figures("# Roadbed\n" + speed.BEGIN)


def test_the_example_of_a_file_of_settings_is_one(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", generate.settings_page(), re.DOTALL)
    (tmp_path / "roadbed.toml").write_text("".join(examples), encoding="utf-8")
    assert load({}, {}, tmp_path).settings == Settings(
        environment="production",
        domains=("ledger",),
        data=Path("/var/lib/roadbed"),
        allowed_hosts=("api.example.org", "*.shop.example"),
        open_access=True,
        workers=2,
        body_limit=2 * 1024 * 1024,
        request_timeout=60.0,
        keep_alive=7.5,
        access_log_sample=0.1,
        log_level="warning",
    )
