"""Resources describe themselves to programs: a table and a form can be made of it."""

import json
from typing import Annotated

import msgspec
import pytest

from examples.library import domain as library
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.declaration import Resource
from roadbed.resource.describing import ReferenceDescription, describe_domains
from roadbed.resource.markers import MinorUnits, Multiline, Secret
from roadbed.resource.plan import make_plans
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
    assert fields["author"]["reference"] == {
        "resource": "authors",
        "on_delete": "restrict",
        "path": "/authors",
        "label": "name",
    }
    assert (fields["isbn"]["optional"], fields["isbn"]["unique"]) == (True, True)
    assert fields["isbn"]["bounds"]["pattern"] == r"^97[89]\d{10}$"
    assert fields["pages"]["bounds"] == {"ge": 1, "le": 100_000}


def test_a_json_field_of_texts_says_their_format() -> None:
    born = described()["authors"]["fields"][2]  # type: ignore[index]
    assert (born["name"], born["type"], born["format"]) == ("born", "json", "date")


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


def test_resources_have_headings_and_a_word_for_one_row() -> None:
    whole = describe_domains(load_domains(["items", "vouchers"]))
    named = [(each.path, each.title, each.singular, each.label) for domain in whole for each in domain.resources]
    assert named == [
        ("/items", "Items", "item", "name"),
        ("/vouchers/templates", "Templates", "template", "title"),
        ("/vouchers", "Vouchers", "voucher", "title"),
    ]
    assert {name: (each["title"], each["singular"], each["label"]) for name, each in described().items()} == {
        "authors": ("Authors", "author", "name"),
        "books": ("Books", "book", "title"),
        # Its one text may be null, and its status is a choice.
        "copies": ("Copies", "copy", "id"),
    }


def test_descriptions_are_one_line_each() -> None:
    whole = describe_domains(load_domains(["items", "vouchers"]))
    texts = [each.description for domain in whole for each in domain.resources]
    texts += [field.description for domain in whole for each in domain.resources for field in each.fields]
    assert [text for text in texts if text != " ".join(text.split())] == []
    assert texts[2] == (
        "A voucher, with its own copy of what its template said when it was bought. "
        "The reply to the purchase shows its redemption code, and nothing does later."
    )


def test_fields_say_what_a_form_cannot_guess() -> None:
    (vouchers,) = describe_domains(load_domains(["vouchers"]))
    templates, bought = ({field.name: field for field in each.fields} for each in vouchers.resources)
    assert [name for name, field in templates.items() if field.multiline] == ["description"]
    money = {name: field.money.currency for name, field in bought.items() if field.money is not None}
    assert money == {"price": "currency"}
    assert [name for name, field in bought.items() if field.secret] == ["code"]
    reference = bought["template_id"].reference
    assert reference == ReferenceDescription("templates", "restrict", "/vouchers/templates", "title")


class Note(msgspec.Struct):
    """What is said for people alone, wrongly."""

    id: int
    pages: Annotated[int, Multiline()]
    price: Annotated[str, MinorUnits()]
    cost: Annotated[int, MinorUnits("pages")]
    pin: Annotated[str, Secret(str)]


def test_what_is_said_for_people_is_checked_too() -> None:
    with pytest.raises(ConfigurationError) as refused:
        make_plans("notes", [Resource(struct=Note, path="/notes", label="pin")])
    assert list(refused.value.problems) == [
        "notes: Note: label='pin' is no field of it that everybody may see",
        "notes: Note.pages: only a text has several lines",
        "notes: Note.price: an amount of minor units is an int",
        "notes: Note.price: its currency 'currency' is no text field beside it",
        "notes: Note.cost: its currency 'pages' is no text field beside it",
    ]
