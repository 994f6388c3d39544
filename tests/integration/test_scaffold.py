"""`roadbed new domain`: what it writes serves, tests itself, and takes one field more without more code."""

import os
import subprocess
import sys
from pathlib import Path

from roadbed.testing import serving
from tests.support.programs import find_program


def done(folder: Path, *command: str) -> str:
    """Run a command as its user does; return what it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROADBED_")}
    ended = subprocess.run(command, cwd=folder, env=inherited, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_new_domain_from_its_first_line_to_a_field_more(tmp_path: Path, postgres_url: str) -> None:
    roadbed = find_program("roadbed")
    wrote = done(tmp_path, roadbed, "new", "domain", "book_marks")
    assert wrote.splitlines()[1:-1] == [
        f"  book_marks/{name}"
        for name in (
            "README.md",
            "__init__.py",
            "migrations/__init__.py",
            "migrations/book_marks_0001_first_tables.py",
            "model.py",
            "test_book_marks.py",
        )
    ]
    tested = done(tmp_path, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "book_marks")
    assert "1 passed" in tested
    again = subprocess.run([roadbed, "new", "domain", "book_marks"], cwd=tmp_path, capture_output=True, check=False)
    assert (again.returncode, b"is there already, and is left as it is" in again.stderr) == (2, True)

    model = tmp_path / "book_marks" / "model.py"
    model.write_text(model.read_text() + "    stars: Annotated[int, Meta(ge=0, le=5)] = 3\n")
    written = done(tmp_path, roadbed, "migrate", "new", "book_marks:domain", "-m", "Stars")
    assert written.startswith(f"Wrote {tmp_path}/book_marks/migrations/book_marks_0002_stars.py\n")
    with serving("book_marks:domain", folder=tmp_path, database_url=postgres_url) as service:
        made = service.post("/book-marks", {"title": "first"})
        assert (made.status, made.body["stars"]) == (201, 3)
        one = f"/book-marks/{made.body['id']}"
        refused = service.patch(one, {"stars": 6})
        assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/stars")
        assert service.patch(one, {"stars": 5}).status == 200
        assert [entry["after"]["stars"] for entry in service.get(f"{one}/history").body] == [5, 3]
        document = service.get("/openapi.json").body
        assert "/book-marks/events" in document["paths"]
        shapes = document["components"]["schemas"]
        assert shapes["NewBookMark"]["properties"]["stars"] == {
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "maximum": 5,
            "default": 3,
        }
