"""Which resource a file belongs to, in which order files go, and which format they have."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import pytest
from msgspec import Struct

from roadbed.kernel.errors import ConfigurationError, Invalid
from roadbed.resource.declaration import Resource
from roadbed.resource.markers import Reference
from roadbed.resource.plan import make_plans
from roadbed.resource.transfer.csv_reader import CsvReader
from roadbed.resource.transfer.files import match, reader_of
from roadbed.resource.transfer.json_readers import ArrayReader, NdjsonReader


class Part(Struct):
    id: UUID
    whole: Annotated[UUID, Reference("whole")]
    part: Annotated[UUID | None, Reference("part")] = None


class Whole(Struct):
    id: UUID


PLANS = {
    plan.name: plan
    for plan in make_plans(
        "shop",
        [
            Resource(struct=Part, path="/shop/parts", name="part"),
            Resource(struct=Whole, path="/shop/wholes", name="whole"),
        ],
    )
}


@pytest.mark.parametrize(
    ("names", "resource", "expected"),
    [
        (["part.csv", "whole.json"], "", [("whole.json", "whole"), ("part.csv", "part")]),
        (["shop_parts.2024.ndjson"], "", [("shop_parts.2024.ndjson", "part")]),
        (["b.csv", "a.csv"], "part", [("b.csv", "part"), ("a.csv", "part")]),
    ],
)
def test_files_go_where_their_names_say_what_is_referred_to_first(
    names: list[str], resource: str, expected: list[tuple[str, str]]
) -> None:
    assert [(str(path), name) for path, name in match(map(Path, names), PLANS, resource)] == expected


@pytest.mark.parametrize(
    ("name", "resource", "words"),
    [
        ("parts.csv", "", "parts.csv: no resource is called 'parts'; did you mean part? There are part, whole: say"),
        ("x.csv", "", "no resource is called 'x'. There are part, whole: say --resource"),
        ("x.csv", "wole", "there is no resource 'wole'; did you mean whole?"),
        ("x.csv", "zzz", "there is no resource 'zzz'; there are part, whole"),
    ],
)
def test_a_file_that_belongs_to_none_is_told(name: str, resource: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        match([Path(name)], PLANS, resource)
    assert words in caught.value.detail


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.csv", "[", CsvReader),
        ("a.ndjson", "", NdjsonReader),
        ("a.JSONL", "", NdjsonReader),
        ("a.json", "\ufeff [{}]", ArrayReader),
        ("a.json", '{"a":1}\n', NdjsonReader),
        ("a.txt", "a,b\n", CsvReader),
    ],
)
def test_a_format_is_known_by_the_suffix_or_the_beginning(tmp_path: Path, name: str, text: str, kind: type) -> None:
    (tmp_path / name).write_text(text)
    assert type(reader_of(tmp_path / name)) is kind


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.json: No such file"):
        reader_of(tmp_path / "none.json")
