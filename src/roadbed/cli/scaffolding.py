"""``roadbed new domain``: a package that serves, migrates and tests itself, in the working directory."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from string import Template

from roadbed.cli.drafting import revisions_folder, write
from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.data.migrations.protocol import Draft
from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.registry import SHIPPED, load_domains

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
LONGEST_NAME = 20
"""Characters in a name: tables, revisions and constraints begin with it, and PostgreSQL cuts names at 63."""

_DOMAIN = '''\
"""$Title: a domain of one resource."""

from roadbed.resource.declaration import Resource
from roadbed.resource.domain import Domain

from $name.model import $Struct

domain = Domain(
    name="$name",
    title="$Title",
    migrations="$name.migrations",
    resources=[Resource(struct=$Struct, path="/$path", history=True, events=True, search=["title"])],
)
'''

_MODEL = '''\
"""What $name keeps. The annotations are the rules: of the API, of OpenAPI and of the tables."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct


class $Struct(Struct, kw_only=True):
    """One of $path."""

    id: UUID
    title: Annotated[str, Meta(min_length=1, max_length=200, examples=["first"])]
    done: bool = False
    created_at: datetime
'''

_TEST = '''\
"""$Title over HTTP, on a service of its own."""

from pathlib import Path

from roadbed.testing import serving

HERE = Path(__file__).resolve().parents[1]


def test_the_life_of_a_$one() -> None:
    with serving("$name:domain", folder=HERE) as service:
        made = service.post("/$path", {"title": "first"})
        assert (made.status, made.body["done"]) == (201, False)
        one = f"/$path/{made.body['id']}"
        changed = service.patch(one, {"done": True}, {"If-Match": made.fields["etag"]})
        assert (changed.status, changed.body) == (200, made.body | {"done": True})
        assert service.patch(one, {"done": False}, {"If-Match": made.fields["etag"]}).status == 412
        assert service.get("/$path?q=FIRST").body == [changed.body]
        assert service.post("/$path", {"title": ""}).body["errors"][0]["pointer"] == "/title"
        assert service.delete(one).status == 204
        actions = [entry["action"] for entry in service.get(f"{one}/history").body]
        assert actions == ["delete", "change", "create"]
'''

_README = """\
# $Title

A domain for Roadbed. From the folder that this package lies in:

```sh
roadbed up --app $name:domain     # migrates, serves; http://127.0.0.1:8000/docs tries every operation
python -m pytest $name            # starts a service of its own, in a temporary folder
```

| call | what it does |
|---|---|
| `POST /$path`, `POST /$path/bulk` | creates one, or up to a thousand in one transaction |
| `GET /$path` | lists in pages; filters (`?done=false`), `sort=`, `?q=` looks through titles |
| `GET`, `PATCH`, `DELETE /$path/{id}` | one of them; `ETag` and `If-Match` |
| `GET /$path/{id}/history` | who changed what, and when |
| `GET /$path/events` | changes as they come, as an event stream |

`model.py` says what is kept. After a change there:

```sh
roadbed migrate new $name:domain -m "what has changed"
roadbed up --app $name:domain
```
"""

_FILES = {"__init__.py": _DOMAIN, "model.py": _MODEL, "README.md": _README, "test_$name.py": _TEST}


def write_domain(name: str, folder: Path) -> None:
    """Write a package of this name into a folder, its first revision included, and say what to do next.

    Raises:
        ConfigurationError: the name will not do, is taken, or something lies there already. Nothing was written.
    """
    _check(name, folder)
    package = folder / name
    words = _words(name)
    package.mkdir()
    for file, template in _FILES.items():
        path = package / Template(file).substitute(words)
        path.write_text(Template(template).substitute(words), encoding="utf-8")
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    (domain,) = load_domains([f"{name}:domain"])
    place = revisions_folder(domain)
    message = "First tables"
    written = parent.draft(Draft(_without_revisions(name), message))
    write(place, written.revision, message, written.source)
    listed = "\n".join(
        f"  {path.relative_to(folder)}" for path in sorted(package.rglob("*")) if path.suffix in (".py", ".md")
    )
    print(f"Wrote\n{listed}\nServe it: roadbed up --app {name}:domain; test it: python -m pytest {name}")


def _without_revisions(name: str) -> Location:
    return Location(name, "", f"{name}:domain.tables")


def _words(name: str) -> dict[str, str]:
    one = name[:-1] if name.endswith("s") and not name.endswith("ss") else name
    struct = "".join(part.capitalize() for part in one.split("_"))
    return {
        "name": name,
        "path": name.replace("_", "-"),
        "one": one,
        "Struct": struct,
        "Title": name.replace("_", " ").capitalize(),
    }


def _check(name: str, folder: Path) -> None:
    if _NAME.match(name) is None or len(name) > LONGEST_NAME or keyword.iskeyword(name):
        raise ConfigurationError(
            f"{name!r} is no name for a domain: 1 to {LONGEST_NAME} of a-z, 0-9 and single _, beginning with a letter"
        )
    package = folder / name
    if package.exists() or package.with_suffix(".py").exists():
        raise ConfigurationError(f"{package} is there already, and is left as it is")
    if name in SHIPPED or name == "platform" or name in sys.stdlib_module_names or find_spec(name) is not None:
        raise ConfigurationError(f"{name!r} is taken: a module or a domain has that name")
