"""What has to become of tables, so that they are as declared: the base of every revision that is written for somebody.

Both sides are read with ``introspect``, so that CHECKs, triggers and keys are seen as columns are. What both engines
would do differently, or what needs a person, is a problem in words; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, Table, UniqueConstraint

from roadbed.data.columns import check_name
from roadbed.data.migrations.introspect import Schema
from roadbed.data.schema import SEARCH_OF, guard_triggers, guards

Kinds = Mapping[tuple[str, str], str]
"""(table, column) → name of its class in ``columns``; two of them may be spelled alike on one engine."""

WIDER = {("Integer64", "Real"), ("Digest", "Bytes"), ("Bytes", "Digest")}
"""Changes of a column's type that every value survives, or that a CHECK watches over."""


class Wanted(msgspec.Struct, frozen=True):
    """What somebody says about columns that go: ``(table, old) → new`` for renames, and those that really go."""

    renames: Mapping[tuple[str, str], str] = {}
    drops: frozenset[tuple[str, str]] = frozenset()


class Change(msgspec.Struct, kw_only=True):
    """What becomes of one table that stays. ``lost`` and ``gained`` are constraints by name, with their first word.

    A constraint or an index whose text changes is lost and gained. ``renamed`` maps new names to old ones.
    """

    table: Table
    added: list[str] = []
    gone: list[str] = []
    renamed: dict[str, str] = {}
    loosened: list[str] = []
    tightened: list[str] = []
    retyped: list[str] = []
    lost: dict[str, str] = {}
    gained: dict[str, str] = {}
    lost_indexes: list[str] = []
    gained_indexes: list[str] = []
    gained_guards: list[str] = []
    layout: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return any(bool(getattr(self, name)) for name in self.__struct_fields__ if name != "table")

    @property
    def in_place(self) -> bool:
        """Whether SQLite can do it without a rebuild: columns that may be null, indexes, guards."""
        by_hand = (self.gone, self.renamed, self.loosened, self.tightened, self.retyped, self.lost, self.layout)
        if any(by_hand) or any(self.gained[name] != "CHECK" for name in self.gained):
            return False
        columns = [self.table.c[name] for name in self.added]
        ours = {name for column in columns for name, _ in rules(column, "sqlite")}
        plain = all(column.nullable and column.default is None and not column.primary_key for column in columns)
        return plain and set(self.gained) <= ours

    def of_added(self) -> Iterator[str]:
        """Yield the constraints that concern added columns alone."""
        for name in self.added:
            column = self.table.c[name]
            yield from (rule for dialect in ("sqlite", "postgresql") for rule, _ in rules(column, dialect))
            begins = (f"ck_{self.table.name}_{name}_", f"ck_{self.table.name}_{SEARCH_OF}")
            for constraint in self.table.constraints:
                if isinstance(constraint, CheckConstraint):
                    yield from [str(constraint.name)] if str(constraint.name).startswith(begins) else []
                elif isinstance(constraint, ForeignKeyConstraint | UniqueConstraint) and column in {
                    *constraint.columns
                }:
                    yield str(constraint.name)


class Difference(msgspec.Struct, kw_only=True):
    """What becomes of all tables: new ones in the order in which they can be made, those that go in reverse."""

    new: list[Table]
    gone: list[str]
    changed: list[Change]
    problems: list[str]

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.new or self.gone or self.changed)


def difference(
    present: Schema, declared: Schema, catalogue: MetaData, kinds: Kinds | None = None, wanted: Wanted | None = None
) -> Difference:
    """Compare; ``catalogue`` holds the tables that ``declared`` was read from.

    ``kinds`` are those of the present columns, where they are known.
    """
    tables = list(catalogue.sorted_tables)
    there = {table for table, what in present if what == "table"}
    found = Difference(new=[table for table in tables if table.name not in there], gone=[], changed=[], problems=[])
    found.gone = _in_order(there - {table.name for table in tables}, present)
    for table in tables:
        if table.name in there:
            change = _Comparison(table, present, declared, kinds or {}, wanted or Wanted(), found.problems).made()
            if change.any:
                found.changed.append(change)
    return found


def rules(column: Column[object], dialect: str) -> list[tuple[str, str]]:
    """Return (name, condition) of the CHECKs that a column's own definition holds."""
    kind = column.type
    found = getattr(kind, "rules", None)
    if found is None:
        return []
    quoted = f'"{column.name}"'
    return [(check_name(column.table.name, column.name, rule), text.format(quoted)) for rule, text in found(dialect)]


def _in_order(names: Iterable[str], present: Schema) -> list[str]:
    """Return tables that go, those that refer to others first."""
    left = sorted(names)
    refers = {
        name: {
            other
            for other in left
            if any(
                table == name and what.startswith("reference ") and text.split()[0] == other
                for (table, what), text in present.items()
            )
        }
        for name in left
    }
    ordered: list[str] = []
    while left:
        free = next((name for name in left if not any(name in refers[other] - {other} for other in left)), left[0])
        left.remove(free)
        ordered.append(free)
    return ordered


def parts(schema: Schema, table: str, kind: str) -> dict[str, str]:
    """Return name → text of the columns, constraints, indexes or triggers of a table."""
    found = {
        what.removeprefix(f"{kind} "): text
        for (owner, what), text in schema.items()
        if owner == table and what.startswith(f"{kind} ")
    }
    # What ``introspect`` says about the columns of an index repeats its text.
    return {name: text for name, text in found.items() if not name.startswith(("columns of ", "of key "))}


class _Comparison:
    """Compares one table."""

    def __init__(
        self, table: Table, present: Schema, declared: Schema, kinds: Kinds, wanted: Wanted, problems: list[str]
    ) -> None:
        self.table, self.name, self.kinds, self.wanted, self.problems = table, table.name, kinds, wanted, problems
        self.present, self.declared = present, declared
        self.change = Change(table=table)

    def both(self, kind: str) -> tuple[dict[str, str], dict[str, str]]:
        return parts(self.present, self.name, kind), parts(self.declared, self.name, kind)

    def made(self) -> Change:
        self.columns()
        self.constraints()
        self.indexes()
        self.triggers()
        self.change.layout = self.present[(self.name, "table")] != self.declared[(self.name, "table")]
        return self.change

    def columns(self) -> None:
        before, after = self.both("column")
        change = self.change
        gone = [name for name in before if name not in after]
        added = [column.name for column in self.table.columns if column.name not in before]
        for old in list(gone):
            new = self.wanted.renames.get((self.name, old))
            if new in added:
                gone.remove(old)
                added.remove(new)
                change.renamed[new] = old
        change.gone, change.added = gone, added
        self.ask_about_renames()
        for new in added:
            column = self.table.c[new]
            if column.primary_key:
                self.problems.append(f"{self.name}.{new}: a key is not added to rows that are there")
            elif not column.nullable and column.default is None:
                self.problems.append(
                    f"{self.name}.{new}: a new required field needs a default: rows that are there must have a value"
                )
        for new in [column.name for column in self.table.columns if column.name not in added]:
            self.column(new, before[change.renamed.get(new, new)], after[new])

    def ask_about_renames(self) -> None:
        for old in self.change.gone:
            if (self.name, old) in self.wanted.drops:
                continue
            kind = self.kinds.get((self.name, old))
            alike = [name for name in self.change.added if kind in (None, type(self.table.c[name].type).__name__)]
            if alike:
                self.problems.append(
                    f"{self.name}: {old} goes and {alike[0]} comes; say --rename {self.name}.{old}={alike[0]} if it is "
                    f"the same under another name, or --drop {self.name}.{old} if its values may go"
                )

    def column(self, name: str, before: str, after: str) -> None:
        column, change = self.table.c[name], self.change
        old, new = self.kinds.get((self.name, change.renamed.get(name, name))), type(column.type).__name__
        if old is not None and old != new:
            if (old, new) not in WIDER:
                self.problems.append(
                    f"{self.name}.{name}: its type changes from {old} to {new}, which needs a person: add a field with "
                    f"another name, or write the revision by hand (--empty)"
                )
            change.retyped.append(name)
        if before == after:
            return
        # type, NOT NULL, default, place in the key: as introspect reads a column of SQLite
        (was, required_before, *rest_before), (is_now, required, *rest) = before.split(), after.split()
        if name not in change.retyped and (rest_before, was) != (rest, is_now):
            self.problems.append(
                f"{self.name}.{name}: is {before!r} and would be {after!r}: write the revision by hand"
            )
        if required_before != required and not column.primary_key:
            (change.tightened if required == "1" else change.loosened).append(name)

    def constraints(self) -> None:
        before, after = self.both("constraint")
        word = {name: text.partition("(")[0].strip().upper() for name, text in {**before, **after}.items()}
        for name, text in before.items():
            if after.get(name) != text:
                self.change.lost[name] = word[name]
        for name, text in after.items():
            if before.get(name) != text:
                self.change.gained[name] = word[name]
        for name in {**self.change.lost, **self.change.gained}:
            if word[name] == "PRIMARY KEY":
                self.problems.append(f"{self.name}: its key changes, which needs a person: write the revision by hand")
            if " " in name:
                self.problems.append(f"{self.name}: a constraint without a name ({word[name]}): give it one")

    def indexes(self) -> None:
        before, after = self.both("index")
        keys = {*parts(self.present, self.name, "constraint"), *parts(self.declared, self.name, "constraint")}
        self.change.lost_indexes = [n for n, text in before.items() if after.get(n) != text and n not in keys]
        self.change.gained_indexes = [n for n, text in after.items() if before.get(n) != text and n not in keys]

    def triggers(self) -> None:
        before, after = self.both("trigger")
        known: set[str] = set()
        for guard in guards(self.table):
            made = {name for engine in ("sqlite", "postgresql") for name in guard_triggers(self.name, guard, engine)}
            if any(name in after and name not in before for name in made):
                self.change.gained_guards.append(guard)
            known |= made
        for name in sorted({*before, *after} - known):
            self.problems.append(f"{self.name}: the trigger {name} is no guard of the declaration: by hand")


def foreign_keys(table: Table) -> Sequence[ForeignKeyConstraint]:
    """Return the references of a table, in the order of their names."""
    found = [each for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
    return sorted(found, key=lambda each: str(each.name))
