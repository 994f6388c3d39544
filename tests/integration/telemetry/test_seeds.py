"""Sample data of telemetry: the same files every time, in the formats of the contract, and all of their rows good."""

import json
from pathlib import Path

from roadbed.domains.telemetry import seeds
from roadbed.domains.telemetry.pages import Window
from roadbed.domains.telemetry.service import Telemetry
from roadbed.kernel.clock import now
from roadbed.resource.seeding import Seeded, Seeding
from tests.integration.telemetry.databases import opened


async def test_they_go_through_the_importer_and_a_second_time_change_nothing(
    telemetry_url: str, tmp_path: Path
) -> None:
    async with opened(telemetry_url) as database:
        seeding = Seeding(database, now, tmp_path, lambda *_: None)
        first, again = await seeds.seed(seeding, days=2), await seeds.seed(seeding, days=2)
        count = first[2].new
        assert first == [Seeded("assets", 3, 0), Seeded("signals", 4, 0), Seeded("measurements", count, 0)]
        assert again == [Seeded("assets", 0, 3), Seeded("signals", 0, 4), Seeded("measurements", 0, count)]
        found = await Telemetry(database, now).statistics(427038, Window())
        assert found.mean is not None
        assert (2 * 1440 * 0.9 < found.count < 2 * 1440 * 1.1, round(found.mean)) == (True, 116)


def test_the_files_are_those_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    paths, again = seeds.write_files(tmp_path, 1), seeds.write_files(tmp_path / "again", 1)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assets, signals = (json.loads(path.read_text()) for path in paths[:2])
    assert assets[0] == {
        "AssetID": "1",
        "Latitude": "47.5568277613",
        "Longitude": "8.2338560914",
        "descri": "UW Beznau",
    }
    assert [list(signal) for signal in signals] == [["SignalGId", "SignalId", "SignalName", "AssetId", "Unit"]] * 4
    assert {signal["AssetId"] for signal in signals} == {asset["AssetID"] for asset in assets}
    header, *lines = paths[2].read_text().splitlines()
    assert header == "Ts|SignalId|MeasurementValue"
    assert {line.split("|")[1] for line in lines} == {signal["SignalId"] for signal in signals}
    assert lines != sorted(lines, reverse=True)
