"""Branches of revisions, written for one test."""

from itertools import count
from pathlib import Path
from textwrap import dedent, indent

from roadbed.data.migrations.locations import Location

HEAD = """\
import os, pathlib, time
import sqlalchemy as sa
from alembic import op
from roadbed.data.columns import *
from roadbed.data.migrations.operations import execute_file, execute_raw
from roadbed.data.migrations.rebuild import rebuild
from roadbed.data.schema import append_only_statements, new_metadata, new_table

revision = {revision!r}
down_revision = {before!r}
branch_labels = {labels!r}
HERE = pathlib.Path(__file__).parent


def upgrade():
{upgrade}


def downgrade():
{downgrade}
"""

_numbers = count()


class Branch:
    """A package of revisions that grows. Every state of it is a package of its own: packages are read once."""

    def __init__(self, folder: Path, name: str = "shop", files: dict[str, str] | None = None) -> None:
        self.name = name
        self._folder = folder
        self._revisions: list[tuple[str, str]] = []
        self._files = files or {}

    def add(self, upgrade: str, downgrade: str = "pass") -> Location:
        """Add a revision by the bodies of its two functions; return where the branch lies now."""
        self._revisions.append((indent(dedent(upgrade), "    "), indent(dedent(downgrade), "    ")))
        package = f"{self.name}_revisions_{next(_numbers)}"
        folder = self._folder / package
        folder.mkdir()
        for name, text in {"__init__.py": "", **self._files}.items():
            (folder / name).write_text(text)
        for number, (up, down) in enumerate(self._revisions, 1):
            text = HEAD.format(
                revision=f"{self.name}_{number:04}",
                before=f"{self.name}_{number - 1:04}" if number > 1 else None,
                labels=(self.name,) if number == 1 else None,
                upgrade=up,
                downgrade=down,
            )
            (folder / f"{self.name}_{number:04}.py").write_text(text)
        return Location(self.name, package)


MAKE_NOTE = """
op.create_table(
    "note",
    sa.Column("note_id", Integer64(), primary_key=True, autoincrement=False),
    sa.Column("body", Text(max_length=20), nullable=False),
    sqlite_strict=True,
)
"""

DROP_NOTE = 'op.drop_table("note")'
