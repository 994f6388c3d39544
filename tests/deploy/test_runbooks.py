"""What runbooks tell to type and to look at is there: commands, settings, metrics, alerts, panels, SQL."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from roadbed.cli.commands import app
from roadbed.kernel.settings import table
from roadbed.resource.figures import measures_of
from roadbed.resource.registry import SHIPPED, load_domains
from roadbed.runtime.measures import ALL
from tests.deploy.test_dashboards import FOLDER
from tests.deploy.test_rules import RULES, RUNBOOKS, alerts
from tests.support.postgres import PostgresServer

PAGES = sorted(RUNBOOKS.glob("*.md"), key=lambda page: page.name)
EXPORTED = r"\b(?:roadbed|node|pg|redis|probe|up)_[a-z0-9_]+\b"
"""What looks like a metric, of the service or of an exporter."""

NO_METRICS = {
    "pg_blocking_pids",
    "pg_isready",
    "pg_wal",
    "pg_stat_activity",
    "pg_stat_replication",
    "pg_replication_slots",
}
"""What PostgreSQL calls its programs, folders and views; its functions are followed by a bracket."""

PROGRAMS = {
    "curl",
    "df",
    "du",
    "echo",
    "grep",
    "head",
    "jq",
    "lslocks",
    "openssl",
    "pg_isready",
    "ps",
    "redis-cli",
    "roadbed",
    "sort",
    "tail",
}
"""What somebody on call may be told to run. Each was typed against a real service; see there before adding another."""


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """Yield every command of a page, without its redirections: those of blocks, and `roadbed …` in a line."""
    inline = re.findall(r"`(roadbed [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    for line in [*"".join(blocks(text, "sh")).splitlines(), *inline]:
        words = [word for word in shlex.split(line, comments=True) if not re.fullmatch(r"\d?>.*", word)]
        while words:
            end = words.index("|") if "|" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]


def unknown(words: list[str]) -> list[str]:
    """Return what of a `roadbed` command there is not: a word that is no command, an option that it does not take."""
    command: Any = get_command(app)
    rest = words[1:]
    while rest and getattr(command, "commands", None):
        if rest[0] not in command.commands:
            return [rest[0]]
        command = command.commands[rest.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]


def shown() -> set[str]:
    """Return the names of all dashboards, rows and panels, in lower case."""
    boards = [json.loads(path.read_text()) for path in FOLDER.iterdir()]
    names = {board["title"].partition(": ")[2] for board in boards}
    return {name.lower() for name in names} | {panel["title"].lower() for board in boards for panel in board["panels"]}


def metrics() -> set[str]:
    """Return every metric that the service has, or that a rule or a dashboard takes from an exporter."""
    declared = [measure for domain in load_domains(list(SHIPPED)) for measure in measures_of(domain.figures)]
    texts = [path.read_text() for path in (*FOLDER.iterdir(), *RULES.iterdir())]
    taken = {name for text in texts for name in re.findall(EXPORTED, text) if not name.startswith("roadbed_")}
    return taken | {measure.name for measure in (*ALL, *declared)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_is_there(page: Path) -> None:
    found = list(commands(page.read_text()))
    assert {words[0] for words in found} <= PROGRAMS
    assert [words for words in found if words[0] == "roadbed" and unknown(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_setting_is_there(page: Path) -> None:
    variables = {row.variable for row in table()}
    assert set(re.findall(r"ROADBED_[A-Z_]+\b", page.read_text())) <= variables


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_metric_and_alert_is_there(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(EXPORTED + r"(?!\()", text)) - NO_METRICS
    assert named - metrics() == set()
    assert set(re.findall(r"Roadbed[A-Z]\w+", text)) <= {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_dashboard_row_and_panel_is_there(page: Path) -> None:
    named = re.findall(r"(?<!\*)\*([^*\n`]+)\*(?!\*)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
    assert [name for name in named if name.lower() not in shown()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if "```sql" in page.read_text()], ids=lambda page: page.stem)
def test_sql_runs(page: Path, postgres_server: PostgresServer) -> None:
    for statement in blocks(page.read_text(), "sql"):
        postgres_server.sql(statement)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("roadbed stats", []),
        ("roadbed migrate status", []),
        ("roadbed migrate stats", ["stats"]),
        ("roadbed dashboards --check --output x", []),
        ("roadbed stats --everything", ["--everything"]),
    ],
)
def test_what_is_not_there_is_found(line: str, wrong: list[str]) -> None:
    assert unknown(shlex.split(line)) == wrong


def test_a_page_is_taken_apart() -> None:
    text = 'Say `roadbed doctor`.\n\n```sh\ncurl -s "$SERVICE/x" 2>/dev/null | grep -c y   # z\n```\n'
    assert list(commands(text)) == [["curl", "-s", "$SERVICE/x"], ["grep", "-c", "y"], ["roadbed", "doctor"]]
