"""Garbage collection after the start, in a process of its own: it is the process that settles."""

import subprocess
import sys

SETTLE = """
import gc
from roadbed.runtime.memory import YOUNG_OBJECTS, settle
others = gc.get_threshold()[1:]
settle()
print(gc.get_freeze_count() > 1000, len(gc.get_objects(generation=2)) < 100)
print(gc.get_threshold() == (YOUNG_OBJECTS, *others), gc.isenabled())
"""


def test_what_the_start_made_is_set_aside_and_collection_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLE], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True"] * 4
