"""Settings, branches and tables as they are shown."""

import msgspec
import pytest

from roadbed.kernel.settings import Settings, table
from roadbed.kernel.settings_sources import Loaded, load
from roadbed.platform.describing import branches, settings_shown, table_shown
from roadbed.platform.model import Branch, Revision, SettingShown
from roadbed.platform.statements import StorageRow
from roadbed.resource.registry import load_domains
from tests.integration.platform.crew import NOON

URL = "postgresql://user:hush@host/name?sslpassword=hush"


def shown(**variables: str) -> dict[str, SettingShown]:
    loaded = load(environ={f"ROADBED_{name.upper()}": value for name, value in variables.items()})
    return {row.name: row for row in settings_shown(loaded)}


def test_every_setting_is_shown_in_order() -> None:
    assert list(shown()) == [row.name for row in table()]


def test_a_setting_tells_all_of_itself() -> None:
    assert shown(request_timeout="1 min")["request_timeout"] == SettingShown(
        name="request_timeout",
        section="Requests",
        variable="ROADBED_REQUEST_TIMEOUT",
        value=60.0,
        shown="60 s",
        default=30.0,
        source="ROADBED_REQUEST_TIMEOUT",
        type="number",
        unit="s",
        help="How long a request may take inside the service.",
        choices=[],
        least=0.1,
        most=3600,
        secret=False,
    )


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("data", "path", "data"),
        ("domains", "list", ("ledger", "kv", "items", "vouchers", "telemetry")),
        ("metrics", "flag", True),
        ("workers", "integer", 1),
        ("environment", "text", "development"),
        ("body_limit", "integer", 1024 * 1024),
    ],
)
def test_values_have_types(name: str, kind: str, value: object) -> None:
    found = shown()[name]
    assert (found.type, found.value, found.default, found.source) == (kind, value, value, "default")


def test_choices_are_named() -> None:
    assert shown()["log_level"].choices == ["debug", "info", "warning", "error"]


@pytest.mark.parametrize("name", ["database_url", "database_direct_url"])
def test_passwords_are_masked(name: str) -> None:
    found = shown(database_url=URL, database_direct_url=URL)
    assert (found[name].value, found[name].shown, found[name].secret) == (
        "postgresql://user:***@host/name?sslpassword=***",
        "postgresql://user:***@host/name?sslpassword=***",
        True,
    )
    assert b"hush" not in msgspec.json.encode(list(found.values()))


def test_the_password_of_redis_is_masked() -> None:
    assert shown(redis_url="redis://:hush@host:6379/0")["redis_url"].value == "redis://:***@host:6379/0"


def test_settings_without_sources_tell_what_was_changed() -> None:
    found = {row.name: row.source for row in settings_shown(Loaded.of(Settings(port=9)))}
    assert (found["port"], found["host"]) == ("program", "default")


def branch_of(name: str, *stored: str) -> Branch:
    return {each.branch: each for each in branches(stored, load_domains(("ledger",)))}[name]


def test_a_branch_that_is_current() -> None:
    assert branch_of("ledger", "platform_0003", "ledger_0001") == Branch(
        "ledger", "current", "ledger_0001", "ledger_0001", False, [Revision("ledger_0001", applied=True)]
    )


def test_a_branch_that_is_behind() -> None:
    found = branch_of("platform", "platform_0001", "ledger_0001")
    assert (found.state, found.stored, found.head, [each.applied for each in found.revisions]) == (
        "behind",
        "platform_0001",
        "platform_0003",
        [True, False, False],
    )


def test_a_branch_that_is_not_there() -> None:
    found = branch_of("ledger", "platform_0003")
    assert (found.state, found.stored, found.revisions) == ("empty", None, [Revision("ledger_0001", applied=False)])


def test_a_domain_that_is_off_shows_where_it_is_stored() -> None:
    stored = ("platform_0003", "ledger_0001", "kv_0001")
    assert [each.branch for each in branches(stored, load_domains(("ledger",)))] == ["platform", "ledger", "kv"]


def test_a_revision_of_nobody_is_ahead() -> None:
    stored = ("platform_0003", "ledger_0001", "shop_0009")
    assert branches(stored, load_domains(("ledger",)))[-1] == Branch("shop", "ahead", "shop_0009", None, False, [])


def test_a_newer_revision_of_a_known_branch_is_ahead() -> None:
    found = [each for each in branches(("platform_0009",), load_domains(("ledger",))) if each.branch == "platform"]
    assert [(each.state, each.stored, each.head) for each in found] == [("ahead", "platform_0009", "platform_0003")]


@pytest.mark.parametrize(
    ("table", "domain", "resource"),
    [
        ("items", "items", "items"),
        ("items_history", "items", None),
        ("vouchers_templates", "vouchers", "templates"),
        ("kv_entry", "kv", None),
        ("statistic", "platform", None),
        ("feed", "platform", None),
        ("theirs", "", None),
        ("itemsize", "", None),
    ],
)
def test_tables_belong_to_domains(table: str, domain: str, resource: str | None) -> None:
    found = table_shown(StorageRow(table, 5, "exact", 100, NOON), load_domains(("kv", "items", "vouchers")))
    assert (found.table, found.domain, found.resource, found.rows, found.precision, found.bytes) == (
        table,
        domain,
        resource,
        5,
        "exact",
        100,
    )
