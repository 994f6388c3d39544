"""A status that time brings."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.resource.compiled import Compiled, compile_plans
from roadbed.resource.declaration import Lapse, Resource, Statuses
from roadbed.resource.plan import make_plans

END = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE, AFTER = END - timedelta(microseconds=1), END + timedelta(days=1)
ALLOWED = {"open": ("done", "late"), "late": ("done",)}


class Task(msgspec.Struct):
    id: UUID
    title: Annotated[str, msgspec.Meta(max_length=10)]
    due: datetime | None = None
    status: Literal["open", "done", "late"] = "open"


def task(**more: Any) -> Compiled:
    statuses = Statuses(ALLOWED, lapse=Lapse(more.pop("field", "due"), more.pop("status", "late")))
    resource = Resource(struct=Task, path="/tasks", statuses=statuses, **more)
    return compile_plans(make_plans("todo", [resource]))["tasks"]


@pytest.mark.parametrize(
    ("status", "due", "at", "expected"),
    [
        ("open", END, BEFORE, "open"),
        ("open", END, END, "late"),
        ("open", END, AFTER, "late"),
        ("open", None, AFTER, "open"),
        ("done", END, AFTER, "done"),
        ("late", END, BEFORE, "late"),
    ],
)
def test_comes_at_its_time_where_it_may_follow(status: str, due: datetime | None, at: datetime, expected: str) -> None:
    unit = task()
    row = unit.row({**unit.first_values({"title": "t", "due": due}, BEFORE), "status": status})
    assert (unit.as_of(row, at).status, row.status) == (expected, status)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"field": "title"}, "lapse: 'title' is no stored field of the type datetime"),
        ({"field": "end"}, "lapse: 'end' is no stored field of the type datetime"),
        ({"status": "open"}, "lapse: no status allows 'open' after it"),
        ({"cache": True}, "lapse: what time alone changes cannot be cached until the next write"),
    ],
)
def test_is_declared_rightly_or_not_at_all(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        task(**more)
    assert list(caught.value.problems) == [f"todo: Task: {problem}"]
