"""Settings, migrations and tables as they are shown: nothing of this asks the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

from roadbed.data.migrations.locations import is_mark, known_revisions, marks_of, state
from roadbed.kernel.settings import Setting
from roadbed.kernel.settings_sources import Loaded, plain
from roadbed.platform.model import Branch, Revision, SettingShown, TableShown
from roadbed.platform.statements import StorageRow
from roadbed.resource.checks import PLATFORM_TABLES
from roadbed.resource.domain import Domain
from roadbed.resource.plan import make_plans
from roadbed.resource.registry import locations, shipped_locations

_KINDS: dict[type, Literal["text", "integer", "number", "flag", "path", "list"]] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "flag",
    tuple: "list",
}


def settings_shown(loaded: Loaded) -> list[SettingShown]:
    """Return the settings in force, as ``roadbed config`` tells them."""
    return [_setting(row, text, source, loaded) for row, text, source in loaded.shown()]


def _setting(row: Setting, text: str, source: str, loaded: Loaded) -> SettingShown:
    about = row.about
    return SettingShown(
        name=row.name,
        section=row.section,
        variable=row.variable,
        value=loaded.plain(row),
        shown=text,
        default=plain(row, row.default),
        source=source,
        type=_KINDS.get(row.kind, "path"),
        unit=cast(Literal["", "s", "bytes"], about.unit),
        help=about.help,
        choices=list(row.choices),
        least=about.least,
        most=about.most,
        secret=about.secret,
    )


def branches(stored: Sequence[str], domains: Iterable[Domain[Any]]) -> list[Branch]:
    """Return the branches of what is on, the platform's first, then those that are stored beside them."""
    enabled = locations(domains)
    lines = known_revisions(enabled)
    beside = {
        branch: line
        for branch, line in known_revisions(shipped_locations()).items()
        if branch not in lines and any(revision in stored for revision in line)
    }
    lines |= beside
    beyond = {_branch_of(each, lines): each for each in state(stored, enabled, shipped_locations()).unknown}
    found = [_branch(branch, line, stored, beyond.pop(branch, None)) for branch, line in lines.items()]
    return found + [Branch(branch, "ahead", each, None, False, []) for branch, each in beyond.items()]


def _branch_of(revision: str, known: Iterable[str]) -> str:
    """Return the branch that a revision is of, by its name: one that is known, or what comes before the number."""
    fitting = [branch for branch in known if revision.startswith(f"{branch}_")]
    return max(fitting, key=len, default=revision.partition("_")[0])


def _branch(branch: str, line: list[str], stored: Sequence[str], beyond: str | None) -> Branch:
    head = line[-1] if line else None
    if beyond is not None:
        # A newer release was here: all that this one knows came before.
        return Branch(branch, "ahead", beyond, head, False, [Revision(revision, applied=True) for revision in line])
    automatic = head is not None and is_mark(head)
    places = [index for index, revision in enumerate(line) if revision in stored]
    reached = places[-1] if places else -1
    at = line[reached] if places else next(iter(marks_of(branch, stored)), None) if automatic else None
    kind: Literal["current", "behind", "empty"] = "empty" if at is None else "current" if at == head else "behind"
    revisions = [Revision(revision, index <= reached) for index, revision in enumerate(line)]
    return Branch(branch, kind, at, head, automatic, revisions)


def table_shown(row: StorageRow, domains: Iterable[Domain[Any]]) -> TableShown:
    """Return a table with the domain and the resource that it belongs to: tables bear the name of their domain."""
    domain, resource = _owner(row.name, domains)
    kind = cast(Literal["exact", "estimate", "at_least"], row.kind)
    return TableShown(row.name, domain, resource, row.row_count, kind, row.bytes)


def _owner(table: str, domains: Iterable[Domain[Any]]) -> tuple[str, str | None]:
    if table in PLATFORM_TABLES:
        return "platform", None
    for domain in domains:
        for plan in make_plans(domain.name, domain.resources):
            if plan.table == table:
                return domain.name, plan.name
    names = [domain.name for domain in domains if table == domain.name or table.startswith(f"{domain.name}_")]
    return max(names, key=len, default=""), None
