"""Resources describe themselves to programs: a table and a form can be made of it."""

import json

import msgspec

from examples.library import domain as library
from roadbed.resource.describing import describe_domains
from roadbed.resource.registry import load_domains


def described() -> dict[str, dict[str, object]]:
    (whole,) = json.loads(msgspec.json.encode(describe_domains([library])))
    assert (whole["name"], whole["title"], whole["page"]) == ("library", "Library", "")
    return {resource["name"]: resource for resource in whole["resources"]}


def test_fields_say_what_a_form_needs() -> None:
    fields = {field["name"]: field for field in described()["books"]["fields"]}  # type: ignore[attr-defined]
    assert list(fields) == ["id", "title", "author", "isbn", "pages"]
    assert fields["id"] == {"name": "id", "label": "Id", "type": "uuid", "key": True, "sortable": True}
    assert fields["title"] == {
        "name": "title",
        "label": "Title",
        "type": "text",
        "bounds": {"min_length": 1, "max_length": 200},
        "required": True,
        "writable": True,
        "changeable": True,
        "sortable": True,
    }
    assert fields["author"]["reference"] == {"resource": "authors", "on_delete": "restrict"}
    assert (fields["isbn"]["optional"], fields["isbn"]["unique"]) == (True, True)
    assert fields["isbn"]["bounds"]["pattern"] == r"^97[89]\d{10}$"
    assert fields["pages"]["bounds"] == {"ge": 1, "le": 100_000}


def test_statuses_say_what_may_follow() -> None:
    copies = described()["copies"]
    assert copies["statuses"] == {
        "field": "status",
        "first": "shelf",
        "allowed": {"shelf": ["lent", "lost", "sold"], "lent": ["shelf", "lost"], "lost": ["shelf"], "sold": []},
    }
    assert (copies["path"], copies["key"], copies["order"], copies["history"]) == ("/copies", "id", "-created_at", True)


def test_shipped_domains_can_be_described() -> None:
    whole = describe_domains(load_domains(["ledger", "items", "vouchers"]))
    assert [len(domain.resources) for domain in whole] == [0, 1, 2]
    secrets = [field.name for each in whole for one in each.resources for field in one.fields if field.secret]
    assert secrets == ["code"]
    assert msgspec.json.decode(msgspec.json.encode(whole))
