"""The files of the repository, as the rules see them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is, or could be, committed, relative to the root."""
    # A clone that another user owns, as in CI, is refused by git unless it is declared safe for this one command.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    paths = {Path(name) for name in listing.stdout.split("\0") if name}
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


def text_of(path: Path) -> str | None:
    """Return the text of a file, None for a binary one."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def is_vendored(path: Path) -> bool:
    """Say whether others wrote the file: it stands here unchanged, with its licence beside it."""
    return "vendor" in path.parts
