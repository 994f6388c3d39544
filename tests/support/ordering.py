"""The order in which the files of a whole run begin, where several processes share them.

Browser tests wait much, the other long ones compute: they take turns, so that the cores are busy throughout. The last
quarter, and the short files of ``unit`` after it, leave no long one for the end.
"""

from collections.abc import Iterable
from pathlib import Path


def places(files: Iterable[Path], tests: Path) -> dict[Path, float]:
    """Return the place of each file, from 0 to 1: those of the console among the others, those of ``unit`` after."""
    kinds: dict[str, list[Path]] = {"console": [], "unit": [], "": []}
    for file in dict.fromkeys(files):
        folder = file.relative_to(tests).parts[0] if file.is_relative_to(tests) else ""
        kinds[folder if folder in kinds else ""].append(file)
    turns: dict[Path, float] = {}
    for kind, within in ((kinds["console"], 0.75), (kinds[""], 1.0)):
        turns |= {file: within * (number + 0.5) / len(kind) for number, file in enumerate(kind)}
    return turns | dict.fromkeys(kinds["unit"], 1.0)
