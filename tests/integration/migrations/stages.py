"""A declaration that is edited again and again, each time with a revision that is written for it and run.

A program of its own, because the migration child's code opens SQLite by the standard library:
``python -m tests.integration.migrations.stages <url> <folder>`` prints one line of JSON per stage, then what came of
rows that do not fit, and of a way back; ``… refusals <folder>`` prints what a person has to decide, ``… shipped
<folder> <url>`` what the revisions of each shipped domain lack, and what such written anew come to.
"""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, MetaData, insert, select

from roadbed.data.migrations import engines
from roadbed.data.migrations.actions import perform
from roadbed.data.migrations.causes import explain
from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.protocol import Draft, Reply, Request
from roadbed.data.migrations.runner import catalogue_of
from roadbed.kernel.errors import RoadbedError
from roadbed.resource.registry import SHIPPED, load_domains, location

HEAD = """
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from msgspec import Meta, Struct, field
from roadbed.resource.declaration import Resource, Statuses
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Indexed, Reference, Unique

class Author(Struct):
    id: UUID
    name: Annotated[str, Meta(min_length=1, max_length=80), Unique()]
"""

BOOK: dict[str, str | None] = {
    "id": "UUID",
    "title": "Annotated[str, Meta(max_length=80)]",
    "pages": "Annotated[int, Meta(ge=1)] = 1",
    "status": "Literal['in', 'out'] = 'in'",
    "note": "str | None = None",
}
PRICE = "Annotated[{}, Meta(ge=0)] = 5"
AUTHORS = "Resource(struct=Author, path='/authors')"
BOOKS = "Resource(struct=Book, path='/books', order='-created_at'{})"


class Stage(msgspec.Struct):
    """One edit: fields of Book that come, change or go (None), the resources; then what the edit needs."""

    about: str
    fields: dict[str, str | None] = {}
    books: str = ""
    others: str = AUTHORS
    renames: list[str] = []
    drops: list[str] = []


STAGES = [
    Stage("First tables", BOOK),
    Stage(
        "Fields of all kinds",
        {
            "subtitle": "Annotated[str, Meta(max_length=9)] | None = None",
            "price": PRICE.format("int"),
            "sold": "bool = True",
            "tags": "list[str] = field(default_factory=lambda: ['it\\'s'])",
            "since": "datetime = datetime(2020, 1, 2, tzinfo=UTC)",
            "weight": "float | None = None",
        },
    ),
    Stage(
        "Other bounds",
        {"title": "Annotated[str, Meta(max_length=120)]", "pages": "Annotated[int, Meta(ge=0, le=9)] = 1"},
    ),
    Stage("One more choice", {"status": "Literal['in', 'out', 'missing'] = 'in'"}),
    Stage("Without a field", {"subtitle": None}),
    Stage(
        "Another name",
        {"title": None, "name": "Annotated[str, Meta(max_length=120)]"},
        renames=["books.title=name"],
    ),
    Stage(
        "Indexes, keys",
        {
            "price": "Annotated[int, Meta(ge=0), Indexed()] = 5",
            "isbn": "Annotated[str, Meta(max_length=13), Unique()] | None = None",
        },
    ),
    Stage("History and search", books=", history=True, search=['name']"),
    Stage(
        "A reference", {"author": "Annotated[UUID | None, Reference('authors')] = None"}, ", search=['name', 'note']"
    ),
    Stage(
        "Wider and stricter",
        {"price": PRICE.format("float"), "note": "Annotated[str, Meta(max_length=50)] = 'none'", "weight": None},
        drops=["books.weight"],
    ),
    Stage("A resource less", {"author": None, "isbn": None}, others=""),
    Stage("What may be null", {"remark": "Annotated[str | None, Indexed()] = None"}, others=""),
]

REFUSED = [
    Stage("isbn", {"isbn": "str"}),
    Stage("other type", {"pages": "datetime", "note": "bool | None = None"}),
    Stage("other name", {"title": None, "name": "str = ''"}),
    Stage("other key", {"id": "int"}),
    Stage("wrong rename", renames=["pens.a=b"], drops=["books"]),
    Stage("no rename", {"title": None, "name": "str = ''"}, drops=["books.title"]),
]

AT = datetime(2026, 1, 1, tzinfo=UTC)
MANAGED = {"version": 1, "created_at": AT, "updated_at": AT}


def source(stage: Stage, fields: dict[str, str]) -> str:
    fields.update({name: text for name, text in stage.fields.items() if text is not None})
    for name in [name for name, text in stage.fields.items() if text is None]:
        del fields[name]
    lines = "".join(f"    {name}: {text}\n" for name, text in fields.items())
    resources = ", ".join(filter(None, (stage.others, BOOKS.format(stage.books))))
    domain = f"Domain(name='shop', title='Shop', resources=[{resources}])"
    return f"{HEAD}\nclass Book(Struct, kw_only=True):\n{lines}\ndomain = {domain}\n"


def fill(number: int, connection: Connection, catalogue: MetaData) -> None:
    """Add an author and a book of this stage, with a value for every column that has no default."""
    if (authors := catalogue.tables.get("shop_authors")) is not None:
        connection.execute(insert(authors).values(id=UUID(int=number), name=f"Author {number}", **MANAGED))
    books = catalogue.tables["shop_books"]
    given: dict[str, Any] = {"id": UUID(int=number), "title": f"Übung {number}", "name": f"Übung {number}", **MANAGED}
    given |= {"isbn": f"{number}", "author": UUID(int=number)}
    connection.execute(insert(books).values({name: given[name] for name in given if name in books.c}))


def rows(connection: Connection, catalogue: MetaData) -> list[dict[str, Any]]:
    books = catalogue.tables["shop_books"]
    return [dict(row) for row in connection.execute(select(books).order_by(books.c.id)).mappings()]


class Shop:
    """A package of revisions that grows. Every state of it is a package of its own: packages are read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fields: dict[str, str] = {}
        self.number = 0
        self.last = ""

    def declare(self, stage: Stage) -> Location:
        self.number += 1
        module = f"stage_{self.number}"
        (self.folder / f"{module}.py").write_text(source(stage, self.fields))
        return Location("shop", self.last, f"{module}:domain.tables")

    def draft(self, place: Location, stage: Stage) -> Reply:
        draft = Draft(place, stage.about, renames=stage.renames, drops=stage.drops)
        return perform(Request("draft", "sqlite:///none", [], draft=draft))

    def write(self, place: Location, written: Reply) -> Location:
        made = self.folder / f"revisions_{self.number}"
        if self.last:
            shutil.copytree(self.folder / self.last, made)
        else:
            made.mkdir()
        (made / f"{written.revisions[0]}.py").write_text(written.sql)
        self.last = made.name
        return msgspec.structs.replace(place, package=made.name)


def tell(told: object) -> None:
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


def run(url: str, folder: Path) -> None:
    shop, places = Shop(folder), []
    for number, stage in enumerate(STAGES, 1):
        place = shop.declare(stage)
        written = shop.draft(place, stage)
        place = shop.write(place, written)
        places.append(place)
        request = Request("upgrade", url, [place])
        ran = perform(request).revisions
        catalogue = catalogue_of(place)
        engines.run(request, lambda connection: fill(number, connection, catalogue))  # noqa: B023 - called at once
        told = {
            "ran": ran[-1],
            "remarks": written.differences,
            "rebuilds": "rebuild(" in written.sql,
            "again": shop.draft(place, stage).sql,
            "differences": perform(Request("compare", url, [place])).differences,
            "rows": engines.run(request, lambda connection: rows(connection, catalogue)),  # noqa: B023
        }
        tell(told)
    stage = Stage("What no row has", {"pages": "Annotated[int, Meta(ge=8)] = 8"}, others="")
    place = shop.declare(stage)
    tell(refusal(Request("upgrade", url, [shop.write(place, shop.draft(place, stage))])))
    back = Request("downgrade", url, [places[-1]], branch="shop", target=f"shop_{len(STAGES) - 1:04}")
    tell([perform(back).revisions, perform(Request("compare", url, [places[-2]])).differences])


def refusal(request: Request) -> str:
    try:
        return str(perform(request))
    except RoadbedError as error:
        return error.detail
    except Exception as error:  # noqa: BLE001 - as the child does
        return explain(error).detail


def refuse(folder: Path) -> None:
    shop = Shop(folder)
    place = shop.declare(STAGES[0])
    place = shop.write(place, shop.draft(place, STAGES[0]))
    for stage in REFUSED:
        shop.fields = {name: text for name, text in BOOK.items() if text is not None}
        draft = Draft(shop.declare(stage), stage.about, renames=stage.renames, drops=stage.drops)
        tell(refusal(Request("draft", "sqlite:///none", [], draft=draft)))


def look_at_shipped(url: str, folder: Path) -> None:
    """Tell for each shipped domain what its revisions lack; then write them anew from nothing, and run those."""
    places: list[Location] = []
    for domain in load_domains(list(SHIPPED)):
        place = location(domain)
        lacking = perform(Request("draft", url, [], draft=Draft(place, "more"))).sql
        written = perform(Request("draft", url, [], draft=Draft(Location(place.branch, "", place.metadata), "anew")))
        package = folder / f"{domain.name}_anew"
        package.mkdir()
        (package / f"{written.revisions[0]}.py").write_text(written.sql)
        places.append(Location(place.branch, package.name, place.metadata))
        tell([domain.name, lacking, written.differences])
    tell(perform(Request("upgrade", url, places)).revisions)
    tell(perform(Request("compare", url, places)).differences)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[2])
    if sys.argv[1] == "refusals":
        refuse(Path(sys.argv[2]))
    elif sys.argv[1] == "shipped":
        look_at_shipped(sys.argv[3], Path(sys.argv[2]))
    else:
        run(sys.argv[1], Path(sys.argv[2]))
