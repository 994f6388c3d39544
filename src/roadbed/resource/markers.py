"""What an annotation of a field may say beside its type: ``Annotated[str, Meta(max_length=80), Unique()]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

OnDelete = Literal["restrict", "cascade", "set_null"]


class Key(msgspec.Struct, frozen=True):
    """The field by which a row is found. Without one it is the field ``id``.

    A UUID is made by the service; an integer or a text is chosen by the client and never changes.
    """


class ReadOnly(msgspec.Struct, frozen=True):
    """The API shows the field and takes no value for it: hooks or the domain's own statements set it."""


class Unique(msgspec.Struct, frozen=True):
    """No two rows share a value. Nulls do not count."""


class Indexed(msgspec.Struct, frozen=True):
    """The field has an index: for filters and orders that many ask for."""


class Reference(msgspec.Struct, frozen=True):
    """The value is the key of a row of another resource of the same domain, by its name.

    ``on_delete`` says what becomes of the rows that refer to one that is deleted: they forbid it (409), go with it, or
    lose the value (the field must allow null then). History and changes are kept for them as for any other write.
    """

    resource: str
    on_delete: OnDelete = "restrict"


class Computed(msgspec.Struct, frozen=True):
    """The field is not stored: ``make(row, base)`` answers it from the stored row for each reply.

    ``base`` is the origin that the client asked, such as ``https://example.org``. It must be quick, and must not wait.
    """

    make: Callable[[Any, str], Any]


class Secret(msgspec.Struct, frozen=True):
    """``make()`` gives the value, which the reply to the create alone shows (and its replays).

    Stored is its digest (``secrets.digest_of``), by which a statement of the domain finds the row again. The value is
    nowhere else: not in reads, lists, history, changes or logs. The field is declared as ``str``.
    """

    make: Callable[[], str]


class Label(msgspec.Struct, frozen=True):
    """What people read above the field, where the name is not enough."""

    text: str


class Multiline(msgspec.Struct, frozen=True):
    """The text may have several lines: forms give it room."""


class MinorUnits(msgspec.Struct, frozen=True):
    """The integer is an amount of money in the smallest unit (cents) of a currency.

    ``currency`` is the field of the same row that holds the currency's ISO 4217 code.
    """

    currency: str = "currency"


MARKERS = (Key, ReadOnly, Unique, Indexed, Reference, Computed, Secret, Label, Multiline, MinorUnits)
