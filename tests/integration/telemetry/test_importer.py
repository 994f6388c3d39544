"""Imports on both engines: rejects, killed half-way, twice, dry."""

import asyncio
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from roadbed.domains.telemetry import importer
from roadbed.domains.telemetry.importer import Importer, Options, Report
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import now
from roadbed.kernel.errors import Invalid, Unavailable
from tests.integration.telemetry.databases import DOMAIN, opened, stored
from tests.support.programs import find_program

ASSETS = [{"AssetID": "1", "Latitude": "47.5568277613", "Longitude": "8.2338560914", "descri": "UW Beznau"}]
GID = "0192f0c1-1111-7111-8111-{:012d}"


def signal_row(number: int, **other: Any) -> dict[str, Any]:
    row = {"SignalGId": GID.format(number), "SignalId": str(number), "SignalName": "B", "AssetId": "1", "Unit": "kV"}
    return row | other


def line(number: int, name: int = 7) -> str:
    return f"2021-11-07 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.5|{name}|{number},25"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of one asset and two signals."""
    (tmp_path / "assets.json").write_text(json.dumps(ASSETS))
    (tmp_path / "signal.json").write_text("\ufeff" + json.dumps([signal_row(7), signal_row(8)]))
    return tmp_path


def write(folder: Path, *lines: str, header: str = "Ts|SignalId|MeasurementValue") -> list[Path]:
    (folder / "measurements.csv").write_text("\n".join([header, *lines]))
    # In the wrong order: what the others need goes first all the same.
    return [folder / name for name in ("measurements.csv", "signal.json", "assets.json")]


def rejects_in(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.rejects.tsv")]


async def run(url: str, paths: list[Path], options: Options | None = None) -> list[tuple[Any, ...]]:
    async with opened(url) as database:
        return [figures(report) for report in await Importer(database, now, options or Options()).run(paths)]


def figures(report: Report) -> tuple[Any, ...]:
    return (report.kind, report.inserted, report.replaced, report.unchanged, report.rejected)


async def values(url: str) -> list[tuple[int, float]]:
    async with opened(url) as database:
        return [(row.signal_id, row.value) for row in await stored(Telemetry(database, now), (7, 8))]


async def test_files_in_any_order_twice_and_then_others(telemetry_url: str, folder: Path) -> None:
    paths = write(folder, *map(line, range(50)), line(3), line(9).replace("9,25", "10"))
    assert await run(telemetry_url, paths) == [
        ("assets", 1, 0, 0, 0),
        ("signals", 2, 0, 0, 0),
        ("measurements", 50, 0, 2, 0),
    ]
    before = await values(telemetry_url)
    assert await run(telemetry_url, paths) == [
        ("assets", 0, 0, 1, 0),
        ("signals", 0, 0, 2, 0),
        ("measurements", 0, 0, 52, 0),
    ]
    assert before == await values(telemetry_url) == [(7, 10.0 if n == 9 else n + 0.25) for n in range(50)]
    (folder / "signal.json").write_text(json.dumps([signal_row(7, Unit="MV"), signal_row(8)]))
    paths = write(folder, line(1).replace("1,25", "2"))
    assert await run(telemetry_url, paths) == [
        ("assets", 0, 0, 1, 0),
        ("signals", 0, 1, 1, 0),
        ("measurements", 0, 1, 0, 0),
    ]
    assert rejects_in(folder) == []


async def test_what_is_wrong_is_told_with_its_line_and_stops_nothing(telemetry_url: str, folder: Path) -> None:
    wrong = [signal_row(7), signal_row(9, AssetId="5"), signal_row(10, SignalGId=GID.format(7)), {"SignalId": "x"}]
    (folder / "signal.json").write_text(json.dumps([*wrong, signal_row(8)]))
    paths = write(folder, line(1), "", "a|b", line(2, 9), line(3, 10), "\ttab|7|1", line(4, 8), "2021-11-07 23:56|7")
    assert await run(telemetry_url, paths) == [
        ("assets", 1, 0, 0, 0),
        ("signals", 2, 0, 0, 3),
        ("measurements", 2, 0, 0, 5),
    ]
    told = [row.split("\t") for row in (folder / "signal.json.rejects.tsv").read_text().splitlines()]
    assert [(cells[0], cells[1][:30]) for cells in told] == [
        ("Line", "Reason"),
        ("2", "there is no asset 5"),
        ("3", f"another signal has the GID {GID}"[:30]),
        ("4", "Expected `integer`, got `strin"),
    ]
    assert (folder / "measurements.csv.rejects.tsv").read_text().splitlines() == [
        "Line\tReason\tRow",
        "4\t3 fields are expected, separated by '|'; there are 2\ta|b",
        f"5\tthere is no signal 9\t{line(2, 9)}",
        f"6\tthere is no signal 10\t{line(3, 10)}",
        "7\tTs: 'tab' is no time such as 2021-11-07 23:59:03.762\t tab|7|1",
        "9\t3 fields are expected, separated by '|'; there are 2\t2021-11-07 23:56|7",
    ]
    paths = write(folder, line(1))
    await run(telemetry_url, paths)
    assert not (folder / "measurements.csv.rejects.tsv").exists()


async def test_a_dry_run_tells_the_same_and_writes_nothing(telemetry_url: str, folder: Path) -> None:
    (folder / "told").mkdir()
    paths = write(folder, line(1), line(2, 9), line(3, 8))
    dry = await run(telemetry_url, paths, Options(dry=True, rejects=folder / "told"))
    assert dry == [("assets", 1, 0, 0, 0), ("signals", 2, 0, 0, 0), ("measurements", 0, 0, 2, 1)]
    assert (rejects_in(folder), rejects_in(folder / "told")) == ([], ["measurements.csv.rejects.tsv"])
    assert await values(telemetry_url) == []
    assert (await run(telemetry_url, paths))[0] == ("assets", 1, 0, 0, 0)


@pytest.mark.parametrize("restart", [False, True])
async def test_what_was_broken_off_goes_on(
    telemetry_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, restart: bool
) -> None:
    """The disk is full for the fourth block: what came before stays, and the next run begins there."""
    monkeypatch.setattr(importer, "BLOCK", 500)
    lines = [line(number) if number % 10 else "bad" for number in range(200)]
    paths = write(folder, *lines)
    written = importer.Writer.write
    blocks: list[int] = []

    async def fail(self: Any, batch: Any, *arguments: Any, **named: Any) -> Any:
        blocks.append(batch.lines[0])
        if len(blocks) == 4:
            raise Unavailable("now")
        return await written(self, batch, *arguments, **named)

    monkeypatch.setattr(importer.Writer, "write", fail)
    with pytest.raises(Unavailable, match="now"):
        await run(telemetry_url, paths, Options(note_every=0))
    assert 0 < len(await values(telemetry_url)) < 100
    rejects = folder / "measurements.csv.rejects.tsv"
    # What was written after the last note is cut off again.
    rejects.write_text(rejects.read_text() + "half a li")
    async with opened(telemetry_url) as database:
        (*_, report) = await Importer(database, now, Options(note_every=0, resume=not restart)).run(paths)
    assert report.resumed == (1 if restart else blocks[3])
    assert report.rejected == 20
    # What was written after the last note, or before a restart, was there already.
    assert report.inserted + report.unchanged == 180
    assert (report.unchanged > 0) is restart
    assert [text.partition("\t")[0] for text in rejects.read_text().splitlines()[1:]] == [
        str(number + 2) for number in range(0, 200, 10)
    ]
    assert await values(telemetry_url) == [(7, number + 0.25) for number in range(200) if number % 10]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "x;y\n", "Expected a header"),
        ("a.json", "[1", "a JSON array is expected"),
        ("none.csv", None, "No such file"),
    ],
)
async def test_what_is_none_of_these_files_is_refused(
    sqlite_telemetry_url: str, folder: Path, name: str, content: str | None, told: str
) -> None:
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(Invalid, match=told):
        await run(sqlite_telemetry_url, [folder / name])


def command(url: str, paths: list[Path], *options: str) -> subprocess.Popen[bytes]:
    """Start the command itself."""
    words = [find_program("roadbed"), "import", DOMAIN, *map(str, paths), "--json", *options]
    return subprocess.Popen(words, env=os.environ | {"ROADBED_DATABASE_URL": url}, stdout=subprocess.PIPE)


def last_report(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(out)[-1]


async def holds_anything(url: str) -> bool:
    async with opened(url) as database:
        return (await Telemetry(database, now).last_values(1, None, False)).items != []


def test_a_killed_import_goes_on(telemetry_url: str, folder: Path) -> None:
    """The command itself, killed at a moment of its own choosing, and run again until it is through."""
    count = 120_000
    lines = [line(n % 86400).replace("11-07", f"11-{7 + n // 86400:02}") for n in range(count)]
    paths = write(folder, *lines, "bad")
    first = command(telemetry_url, paths)
    while first.poll() is None and not asyncio.run(holds_anything(telemetry_url)):
        pass
    first.kill()
    first.communicate()
    report = last_report(command(telemetry_url, paths))
    assert (report["rejected"], report["inserted"] + report["unchanged"]) == (1, count)
    assert len(asyncio.run(values(telemetry_url))) == count
    assert last_report(command(telemetry_url, paths, "--dry-run"))["unchanged"] == count


@pytest.mark.soak
def test_a_file_of_300_mb_takes_less_than_200_mb_of_memory(telemetry_url: str, folder: Path) -> None:
    """Killed half-way, too: what is noted is where the second run begins."""
    path = folder / "measurements.csv"
    day = "".join(line(second)[10:] + "\n" for second in range(86_400))
    days = [f"{2000 + number // 300}-{1 + number % 300 // 25:02}-{1 + number % 25:02}" for number in range(110)]
    with path.open("w") as file:
        file.write("Ts|SignalId|MeasurementValue\n")
        file.writelines(day.replace("\n ", f"\n{date} ").replace(" ", f"{date} ", 1) for date in days)
    assert path.stat().st_size > 300_000_000
    paths = [folder / "assets.json", folder / "signal.json", path]
    first = command(telemetry_url, paths)
    time.sleep(15)
    first.kill()
    first.communicate()
    second = command(telemetry_url, paths)
    assert second.stdout is not None
    (*_, report) = json.loads(second.stdout.read())
    second.stdout.close()
    _, status, used = os.wait4(second.pid, 0)
    second.returncode = os.waitstatus_to_exitcode(status)
    assert (second.returncode, report["rows"], report["rejected"]) == (0, 86_400 * len(days), 0)
    assert report["resumed"] > 1
    assert used.ru_maxrss < 200 * 1024
