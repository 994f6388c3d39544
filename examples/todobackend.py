"""The public TodoBackend API (https://todobackend.com) in one declared resource.

ROADBED_CORS_ORIGINS='*' roadbed up --app examples.todobackend:domain
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from roadbed.resource.declaration import VERBS, Resource
from roadbed.resource.domain import Domain
from roadbed.resource.markers import Computed


class Todo(Struct, kw_only=True):
    """Something to do."""

    id: UUID
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    completed: bool = False
    order: int | None = None
    url: Annotated[str, Computed(lambda todo, base: f"{base}/todos/{todo.id}")] = ""


domain = Domain(
    name="todos",
    title="TodoBackend",
    resources=[Resource(struct=Todo, path="/todos", verbs=(*VERBS, "clear"))],
)
