"""Secret fields: what is stored and kept in their place."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
import pytest

from roadbed.resource.compiled import Compiled, compile_plans
from roadbed.resource.declaration import Resource
from roadbed.resource.listing import filters_of
from roadbed.resource.markers import ReadOnly, Secret
from roadbed.resource.plan import make_plans
from roadbed.resource.secrets import digest_of, seal, unseal

AT = datetime(2026, 5, 1, tzinfo=UTC)


class Door(msgspec.Struct):
    id: UUID
    name: str
    key: Annotated[str, Secret(lambda: "open sesame")]


@pytest.fixture
def door() -> Compiled:
    return compile_plans(make_plans("house", [Resource(struct=Door, path="/doors", history=True)]))["doors"]


def test_secrets_are_sealed_for_replays() -> None:
    secrets = [{"code": "7K3M"}, {"code": "ß"}]
    assert unseal(b"key", seal(b"key", secrets)) == secrets
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        unseal(b"other", seal(b"key", secrets))


def test_a_create_knows_the_secret_and_the_row_its_digest(door: Compiled) -> None:
    values, secrets = door.with_secrets({"name": "front"})
    row = door.row(door.first_values({**values, "id": UUID(int=1)}, AT))
    assert (secrets, row.key) == ({"key": "open sesame"}, digest_of("open sesame"))
    told = {"id": str(UUID(int=1)), "name": "front"}
    assert msgspec.to_builtins(door.show(row, secrets=secrets)) == told | {"key": "open sesame"}
    assert msgspec.to_builtins(door.show(row)) == told
    kept = {"created_at": msgspec.to_builtins(AT), "updated_at": msgspec.to_builtins(AT), "version": 0}
    assert msgspec.json.decode(door.text(row)) == told | kept


def test_a_row_that_comes_without_its_secret_gets_one(door: Compiled) -> None:
    assert door.first_values({"id": UUID(int=1), "name": "back"}, AT)["key"] == digest_of("open sesame")


def test_nobody_gives_changes_filters_or_sorts_by_a_secret(door: Compiled) -> None:
    plan = door.plan
    assert [field.name for field in (*plan.given, *plan.mutable) if field.secret] == []
    assert "key" not in {*plan.sortable, *(field for field, _ in filters_of(plan).values())}


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (Annotated[int, Secret(str)], msgspec.NODEFAULT),
        (Annotated[str | None, Secret(str)], msgspec.NODEFAULT),
        (Annotated[str, Secret(str)], "x"),
    ],
)
def test_a_secret_is_a_text_that_is_always_there(annotation: object, default: object) -> None:
    struct = msgspec.defstruct("Gate", [("id", UUID), ("key", annotation, msgspec.field(default=default))])
    with pytest.raises(Exception, match=r"house: Gate.key: a secret is a `str` without a default, and never null"):
        make_plans("house", [Resource(struct=struct, path="/gates")])


def test_a_read_only_field_without_a_first_value_needs_who_gives_it() -> None:
    struct = msgspec.defstruct("Gate", [("id", UUID), ("width", Annotated[int, ReadOnly()])])
    with pytest.raises(Exception, match=r"Gate.width: nobody can give a read-only field its first value"):
        make_plans("house", [Resource(struct=struct, path="/gates")])
    assert make_plans("house", [Resource(struct=struct, path="/gates", fill=lambda given, _: iter(given))])  # pyright: ignore[reportArgumentType]
