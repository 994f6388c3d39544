"""``roadbed config``: the effective settings and where each comes from."""

from __future__ import annotations

import msgspec

from roadbed.cli.output import print_json, print_table
from roadbed.kernel.settings_sources import Loaded


class Shown(msgspec.Struct, frozen=True):
    """One setting in ``--json``: ``value`` in its own type (times in seconds, sizes in bytes), secrets masked."""

    value: object
    source: str


def print_settings(loaded: Loaded, *, as_json: bool) -> None:
    """Print all settings; secrets are masked in both forms."""
    if as_json:
        print_json({row.name: Shown(loaded.plain(row), source) for row, _, source in loaded.shown()})
    else:
        print_table(("setting", "value", "source"), ((row.name, text, source) for row, text, source in loaded.shown()))
