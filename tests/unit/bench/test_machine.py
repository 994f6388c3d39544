"""Facts of the machine, read from the texts that the kernel and the lock files hold."""

import json
from pathlib import Path

import pytest

from bench.harness import machine
from bench.harness.errors import BenchError
from bench.harness.roster import ROSTER

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/vdb /var/lib xfs rw 0 0
"""


def test_the_processor_s_name() -> None:
    assert machine.cpu_model("processor\t: 0\nmodel name\t: AMD EPYC 9\nmodel name\t: other\n") == "AMD EPYC 9"


def test_a_processor_without_a_name_is_called_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")

    assert machine.cpu_model("processor\t: 0\nBogoMIPS\t: 50.00\n") == "aarch64"


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/tmp/x", "ext4"), ("/dev/shm/x", "tmpfs"), ("/var/lib", "xfs"), ("/var/library", "ext4"), ("/", "ext4")],
)
def test_the_nearest_mount_tells_the_file_system(folder: str, kind: str) -> None:
    assert machine.file_system(Path(folder), MOUNTS) == kind


def test_a_folder_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "file_system", lambda *_: "tmpfs")

    with pytest.raises(BenchError, match="nothing is durable"):
        machine.disk(tmp_path)


def test_the_disk_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "file_system", lambda *_: "ext4")
    found = machine.disk(tmp_path)

    assert 0 <= found["fsync_median_us"] <= found["fsync_p99_us"]
    assert list(tmp_path.iterdir()) == []


def test_pins_of_python() -> None:
    text = "fastapi==0.1.2 \\\n    --hash=sha256:00\ntzdata==2025.1 ; sys_platform == 'win32' \\\n"

    assert machine.python_pins(text) == {"fastapi": "0.1.2", "tzdata": "2025.1"}


def test_pins_of_node() -> None:
    lock = {"packages": {"": {"name": "bench"}, "node_modules/pg": {"version": "8.1.0"}}}

    assert machine.node_pins(json.dumps(lock)) == {"pg": "8.1.0"}


def test_every_named_package_is_pinned() -> None:
    named = {name for contender in ROSTER for name in contender.packages}

    assert machine.package_versions(ROSTER).keys() == named


def test_a_program_that_is_not_there_says_nothing() -> None:
    assert machine.output("no-such-program-anywhere") == ""
