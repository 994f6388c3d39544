"""What the records of a file mean: rows of one resource, by its fields; a row without a key gets one of its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from roadbed.data.values import postgres_value
from roadbed.http.bodies import JsonBody
from roadbed.http.parameters import REQUIRED, read_integer, read_number
from roadbed.kernel.errors import Fault, Invalid
from roadbed.resource.compiled import Compiled
from roadbed.resource.fields import MANAGED, Field
from roadbed.resource.transfer.records import Record

MOST_KEYLESS = 1_000_000
"""Rows of one file that may come without a key: so many contents are remembered, some 100 bytes each."""

LARGEST_VERSION = 2**53 - 1
"""What a file may say of versions: beyond it JSON's numbers are not exact everywhere (RFC 8259, section 6)."""

_MANAGED = (
    Field(name="version", kind="integer", annotation=Annotated[int, msgspec.Meta(ge=1, le=LARGEST_VERSION)]),
    Field(name="created_at", kind="instant", annotation=datetime),
    Field(name="updated_at", kind="instant", annotation=datetime),
)

_NUMBERS = {"integer": read_integer, "real": read_number}
_ABSENT = msgspec.Raw()


class Row(msgspec.Struct, frozen=True):
    """A row of a file: ``values`` are those that it gives, by field, but for its key; ``text`` is as it was written."""

    line: int
    text: bytes
    key: Any
    values: Mapping[str, Any]


class Columns:
    """Which columns a file of one resource may have, and what they mean.

    Read are the key, what a create takes, and the status. All else that an export writes (read-only, computed and
    platform fields) may be there and is ignored. A secret is neither: it is refused.

    ``whole``: read is whatever is stored, but secrets, as rows that come back as they were have it.
    """

    def __init__(self, unit: Compiled, *, whole: bool = False) -> None:
        plan = self._plan = unit.plan
        taken = [plan.key, *plan.given, *([plan.status] if plan.status else [])]
        if whole:
            taken = [*(field for field in plan.stored if field.secret is None), *_MANAGED]
        self.read: dict[str, Field] = {field.name: field for field in taken}
        shown = [field.name for field in plan.fields if field.secret is None]
        self.ignored = frozenset([*shown, *MANAGED]) - self.read.keys()
        self._secret = frozenset(field.name for field in plan.secrets)
        self.struct = _struct(unit, list(self.read.values()), [])
        self._body = JsonBody(_struct(unit, list(self.read.values()), sorted(self.ignored)))

    def check(self, names: Sequence[str]) -> None:
        """Refuse a file with columns that are unknown, secret or there twice.

        Raises:
            Invalid: naming all of them.
        """
        known = [*self.read, *self.ignored]
        faults: list[Fault] = []
        for place, name in enumerate(names):
            if name in self._secret:
                faults.append(Fault(f"/{name}", "A secret is made by the service, and never imported"))
            elif name not in known:
                near = get_close_matches(name[:64], known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.read)}"
                faults.append(Fault(f"/{name[:64]}", f"{self._plan.names.title} have no such column; {hint}"))
            elif name in names[:place]:
                faults.append(Fault(f"/{name}", "This column is there twice"))
        if faults:
            raise Invalid(faults=faults)

    def values(self, record: Record, names: Sequence[str]) -> dict[str, Any]:
        """Return what a record gives, by field, the key included.

        Raises:
            Invalid: naming all that is wrong with it.
        """
        faults: list[Fault] = []
        text = record.text if record.cells is None else self._json(names, record.cells)
        found = self._body.decode(text, faults)
        if faults:
            raise Invalid(faults=faults)
        given = {name: getattr(found, name) for name in self.read}
        return {name: value for name, value in given.items() if value is not msgspec.UNSET}

    def _json(self, names: Sequence[str], cells: Sequence[str]) -> bytes:
        """Return the JSON of a CSV row."""
        members: list[bytes] = []
        for name, cell in zip(names, cells, strict=True):
            field = self.read.get(name)
            value = None if field is None else _json_of(field, cell)
            if value is not None:
                members.append(b'"%b":%b' % (name.encode(), value))
        return b"{%b}" % b",".join(members)


class Rows:
    """The rows of one file, in order. It remembers which contents came before."""

    def __init__(self, unit: Compiled, columns: Columns) -> None:
        self._unit = unit
        self._plan = unit.plan
        self._columns = columns
        self._space = uuid5(NAMESPACE_URL, f"roadbed:{self._plan.domain}/{self._plan.name}")
        self._seen: dict[bytes, int] = {}

    def read(self, record: Record, names: Sequence[str]) -> Row:
        """Return the row of a record.

        Raises:
            Invalid: it is none; or too many rows came without a key.
        """
        values = self._columns.values(record, names)
        key = values.pop(self._plan.key.name, None)
        if key is None:
            key = self._key_of(values)
        # Looked up with those of other rows: one that no engine stores must not stand among them.
        postgres_value(self._plan.key.name, key)
        return Row(record.line, record.text, key, values)

    def _key_of(self, values: Mapping[str, Any]) -> UUID:
        """Return the key of a row that has none: the same content has the same one, in any format and file.

        UUIDv5 (RFC 9562, section 5.5) of the resource, how many rows of this content came before, and the content.
        """
        if not self._plan.makes_keys:
            raise Invalid(faults=[Fault(f"/{self._plan.key.name}", "The key is missing")])
        content = msgspec.json.encode(sorted(self._unit.encoded(values).items()))
        digest = blake2b(content, digest_size=8).digest()
        before = self._seen.get(digest, 0)
        if not before and len(self._seen) >= MOST_KEYLESS:
            raise Invalid(f"More than {MOST_KEYLESS} rows have no {self._plan.key.name}: give each of them one")
        self._seen[digest] = before + 1
        return uuid5(self._space, f"{before}\n{content.decode()}")


def missing_in(unit: Compiled, values: Mapping[str, Any]) -> list[Fault]:
    """Return what a new row lacks."""
    return [
        Fault(f"/{field.name}", "A new row needs this field")
        for field in unit.plan.given
        if field.default is REQUIRED and not field.key and field.name not in values
    ]


def _struct(unit: Compiled, read: Sequence[Field], ignored: Sequence[str]) -> type[Any]:
    fields: list[Any] = [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in read]
    fields += [(name, msgspec.Raw, _ABSENT) for name in ignored]
    return msgspec.defstruct(
        f"{unit.plan.resource.struct.__name__}InFile",
        fields,
        namespace={"__doc__": "A row to import; without its key it gets one of its content."},
        module=unit.plan.resource.struct.__module__,
        kw_only=True,
        frozen=True,
        forbid_unknown_fields=True,
    )


def _json_of(field: Field, cell: str) -> bytes | None:
    """Return the JSON of one cell, or None for one that gives nothing.

    What the kind of the field does not read goes on as a text: then it is told of like any wrong value.
    """
    if not cell and field.optional:
        return b"null"
    if not cell:
        return b'""' if field.kind == "text" and not field.choices and not field.key else None
    plain = cell.strip()
    if field.kind == "json":
        try:
            msgspec.json.decode(plain, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            raise Invalid(faults=[Fault(f"/{field.name}", "Expected a JSON document")]) from None
        return plain.encode()
    if field.kind == "flag" and plain.lower() in ("true", "false"):
        return plain.lower().encode()
    if field.kind in _NUMBERS:
        try:
            _NUMBERS[field.kind](plain)
        except ValueError:
            pass
        else:
            return plain.encode()
    return msgspec.json.encode(cell if field.kind == "text" else plain)
