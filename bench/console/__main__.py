"""``python -m bench.console``: figures of the console in a real browser, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.console.figures import FIGURES
from bench.console.stage import database_of, staged

ENGINES = ("sqlite", "postgres")


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print medians with the least and the greatest."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default="sqlite", help="what the service runs on (sqlite)")
    parser.add_argument("--only", choices=sorted(FIGURES), action="append", help="some figures; else all")
    parser.add_argument("--points", type=int, default=1_000_000, help="measurements of the signal (1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each figure is taken (3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    found: dict[str, list[float]] = {}
    with (
        TemporaryDirectory() as folder,
        database_of(chosen.engine, Path(folder)) as url,
        staged(Path(folder), chosen.points, url) as stage,
    ):
        for _ in range(chosen.rounds):
            for name in chosen.only or FIGURES:
                for figure, value in FIGURES[name](stage).items():
                    found.setdefault(figure, []).append(value)
    if chosen.json:
        print(json.dumps(found, indent=2))
        return 0
    print(f"| {chosen.engine}, {chosen.points:,} points, {chosen.rounds} rounds | median | least | greatest |")
    print("| --- | ---: | ---: | ---: |")
    for figure, values in found.items():
        print(f"| {figure} | {statistics.median(values):.0f} | {min(values):.0f} | {max(values):.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
