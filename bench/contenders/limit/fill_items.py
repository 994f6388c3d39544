"""Ready tuples into the table of items:  fill_items.py <file> <ready CSV>  prints the seconds."""

from pathlib import Path
from uuid import UUID

from filling import fill, micros

INSERT = (
    "INSERT INTO items (id, name, completed, version, created_at, updated_at, search_text) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def tuples(path):
    with Path(path).open() as lines:
        for line in lines:
            key, name, completed, version, created, updated, search = line.rstrip("\n").split(",")
            yield (
                UUID(key).bytes,
                name,
                int(completed == "true"),
                int(version),
                micros(created),
                micros(updated),
                search,
            )


if __name__ == "__main__":
    fill(INSERT, tuples)
