"""Programs that tests run besides Python. `make test` sees to them; a missing one is an error, never a skip."""

import os
import shutil
import sys
from pathlib import Path


class ProgramMissingError(RuntimeError):
    """The program is not on this machine; the message says which."""


def find_program(name: str) -> str:
    """Return the path of a program beside the running Python or on PATH (``promtool``, ``roadbed``, ``make`` …)."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if found is None:
        raise ProgramMissingError(f"{name} is missing: `make test` installs what the tests need, or names it")
    return found


def postgres_folder() -> Path:
    """Return the folder with initdb and postgres: the newest that Debian keeps, else that of initdb on PATH."""
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if debian:
        return max(debian, key=lambda folder: float(folder.parent.name))
    return Path(find_program("initdb")).resolve().parent
