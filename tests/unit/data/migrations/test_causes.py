"""What drivers and revisions raise becomes words that a person can act on."""

import errno

import pytest
from sqlalchemy.exc import OperationalError

from roadbed.data.migrations.causes import explain
from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch, Unavailable


class DriverError(Exception):
    """What the drivers of both engines raise, as far as it is looked at."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("words of the driver")
        self.sqlstate = sqlstate


def wrapped(error: BaseException) -> OperationalError:
    return OperationalError("SELECT 1", {}, error)


@pytest.mark.parametrize(
    ("sqlstate", "kind", "words"),
    [
        ("28P01", ConfigurationError, "refuses this user or password"),
        ("28000", ConfigurationError, "refuses this user"),
        ("3D000", ConfigurationError, "no such PostgreSQL database"),
        ("42501", ConfigurationError, "may not change the schema"),
        ("55P03", Unavailable, "a lock was not free in time"),
        ("57014", Unavailable, "took too long"),
        ("57P03", Unavailable, "starting or stopping"),
        ("57P01", Unavailable, "ended the connection"),
        ("08006", Unavailable, "the connection to PostgreSQL was lost"),
        ("53300", Unavailable, "no free connection"),
        ("53100", Unavailable, "disk of PostgreSQL is full"),
    ],
)
class TestPostgres:
    def test_by_its_code(self, sqlstate: str, kind: type[RoadbedError], words: str) -> None:
        explained = explain(DriverError(sqlstate))
        assert (type(explained), words in explained.detail) == (kind, True)

    def test_within_what_sqlalchemy_makes_of_it(self, sqlstate: str, kind: type[RoadbedError], words: str) -> None:
        explained = explain(wrapped(DriverError(sqlstate)))
        assert (type(explained), words in explained.detail) == (kind, True)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (TimeoutError(), Unavailable, "does not answer"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Unavailable, "cannot be reached"),
        (PermissionError(errno.EACCES, "no", "/data/roadbed.db"), ConfigurationError, "write /data/roadbed.db"),
        (OSError(errno.ENOSPC, "full"), Unavailable, "the disk is full"),
    ],
)
def test_of_the_operating_system(error: OSError, kind: type[RoadbedError], words: str) -> None:
    explained = explain(error)
    assert (type(explained), words in explained.detail) == (kind, True)


class TestUnforeseen:
    def test_says_which_revision_and_in_one_line(self) -> None:
        error = ValueError("two\n  lines")
        error.add_note("revision shop_0002")
        explained = explain(error)
        assert type(explained) is SchemaMismatch
        assert explained.detail == "revision shop_0002 failed, nothing was changed: ValueError: two lines"

    def test_without_a_revision(self) -> None:
        assert explain(KeyError("x")).detail == "the migration failed, nothing was changed: KeyError: 'x'"

    def test_leaves_out_what_sqlalchemy_adds(self) -> None:
        explained = explain(wrapped(DriverError("42601")))
        assert explained.detail == "the migration failed, nothing was changed: DriverError: words of the driver"

    def test_looks_at_causes(self) -> None:
        error = RuntimeError("outer")
        error.__cause__ = DriverError("55P03")
        assert type(explain(error)) is Unavailable

    def test_a_circle_of_causes_ends(self) -> None:
        error = RuntimeError("round")
        error.__cause__ = error
        assert explain(error).detail == "the migration failed, nothing was changed: RuntimeError: round"
