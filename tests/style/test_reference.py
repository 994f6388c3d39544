"""The reference pages are what the code says: who changes a setting, metric or command runs `make docs`."""

import runpy

from tests.style.tree import ROOT


def test_the_pages_are_what_the_code_says() -> None:
    pages = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]
    written = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").iterdir()}
    assert written == {name: page() for name, page in pages.items()}, "run `make docs`"
