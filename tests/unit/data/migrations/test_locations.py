"""Revisions are found and compared without running them."""

import importlib
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest

from roadbed.data.migrations.locations import (
    PLATFORM,
    Kind,
    Location,
    State,
    heads,
    known_revisions,
    state,
    with_platform,
)
from roadbed.kernel.errors import ConfigurationError, SchemaMismatch

LEDGER = Location("ledger", "roadbed.domains.ledger.migrations")
PLATFORM_LINE = ["platform_0001", "platform_0002", "platform_0003"]

_numbers = count()


class Packages:
    """Makes packages of revisions in a folder that can be imported from. Every package has a name of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, branch: str, files: dict[str, str]) -> Location:
        package = f"branch_{next(_numbers)}"
        folder = self._folder / package
        folder.mkdir()
        for name, text in {"__init__.py": "", **files}.items():
            (folder / name).write_text(text)
        return Location(branch, package)

    def line(self, branch: str, length: int) -> Location:
        """A branch of so many revisions, each after the one before it."""
        names = [f"{branch}_{number:04}" for number in range(1, length + 1)]
        before = [None, *names[:-1]]
        return self(branch, {f"{name}.py": revision(name, down) for name, down in zip(names, before, strict=True)})


def revision(name: str, before: str | None) -> str:
    return f"revision = {name!r}\ndown_revision = {before!r}\n"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    monkeypatch.syspath_prepend(tmp_path)
    return Packages(tmp_path)


class TestKnownRevisions:
    def test_the_platform_is_always_there_and_first(self) -> None:
        assert known_revisions([]) == {"platform": PLATFORM_LINE}

    def test_of_the_ledger(self) -> None:
        assert list(known_revisions([LEDGER]).items()) == [("platform", PLATFORM_LINE), ("ledger", ["ledger_0001"])]

    def test_follow_down_revision_not_the_names_of_files(self, packages: Packages) -> None:
        shop = packages(
            "shop",
            {
                "a_third.py": revision("shop_0003", "shop_0002"),
                "b_first.py": revision("shop_0001", None),
                "c_second.py": revision("shop_0002", "shop_0001"),
            },
        )
        assert known_revisions([shop])["shop"] == ["shop_0001", "shop_0002", "shop_0003"]

    def test_annotated_constants_count_too(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": "revision: str = 'shop_0001'\ndown_revision: str | None = None\n"})
        assert known_revisions([shop])["shop"] == ["shop_0001"]

    def test_a_file_is_not_run(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": revision("shop_0001", None) + "raise SystemExit('run')\n"})
        assert known_revisions([shop])["shop"] == ["shop_0001"]

    def test_nor_is_the_package_that_they_lie_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(tmp_path)
        folder = tmp_path / "quiet_shop" / "orders" / "migrations"
        folder.mkdir(parents=True)
        for package in (tmp_path / "quiet_shop", folder.parent):
            (package / "__init__.py").write_text("raise RuntimeError('it was run')\n")
        (folder / "__init__.py").touch()
        (folder / "orders_0001.py").write_text(revision("orders_0001", None))
        location = Location("orders", "quiet_shop.orders.migrations")
        assert known_revisions([location])["orders"] == ["orders_0001"]
        assert location.directory() == folder

    def test_a_package_that_says_where_its_parts_lie_is_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.syspath_prepend(tmp_path)
        elsewhere = tmp_path / "elsewhere"
        (elsewhere / "migrations").mkdir(parents=True)
        (elsewhere / "migrations" / "orders_0001.py").write_text(revision("orders_0001", None))
        (tmp_path / "moved_shop").mkdir()
        (tmp_path / "moved_shop" / "__init__.py").write_text(f"__path__.append({str(elsewhere)!r})\n")
        assert known_revisions([Location("orders", "moved_shop.migrations")])["orders"] == ["orders_0001"]

    @pytest.mark.parametrize("imported", [True, False])
    @pytest.mark.parametrize("words", ["__path__ = [{!r}]", "__path__.insert(0, {!r})"])
    def test_also_where_parts_of_the_same_name_lie_below_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, imported: bool
    ) -> None:
        """What its path alone leads to is not what an import finds."""
        monkeypatch.syspath_prepend(tmp_path)
        package = f"torn_shop_{next(_numbers)}"
        real = tmp_path / package / "real"
        for folder, name in ((tmp_path / package, "orders_0002"), (real, "orders_0001")):
            (folder / "versions").mkdir(parents=True)
            (folder / "versions" / f"{name}.py").write_text(revision(name, None))
        (tmp_path / package / "__init__.py").write_text(words.format(str(real)))
        if imported:
            importlib.import_module(package)
        location = Location("orders", f"{package}.versions")
        assert known_revisions([location])["orders"] == ["orders_0001"]
        assert location.directory() == real / "versions"

    def test_a_package_that_was_imported_is_asked_where_its_parts_lie(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever else has told it: its own file says nothing of it."""
        shop = tmp_path / "told_shop"
        for folder in (shop, tmp_path / "elsewhere"):
            (folder / "versions").mkdir(parents=True)
        (shop / "__init__.py").touch()
        (tmp_path / "elsewhere" / "versions" / "orders_0001.py").write_text(revision("orders_0001", None))
        monkeypatch.syspath_prepend(tmp_path)
        importlib.import_module("told_shop").__path__ = [str(tmp_path / "elsewhere")]
        assert known_revisions([Location("orders", "told_shop.versions")])["orders"] == ["orders_0001"]

    def test_a_file_without_a_revision_is_left_alone(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": revision("shop_0001", None), "words.py": "revision = 1\nx = y = 'z'\n"})
        assert known_revisions([shop])["shop"] == ["shop_0001"]

    def test_a_branch_may_have_none_yet(self, packages: Packages) -> None:
        assert known_revisions([packages("shop", {})])["shop"] == []

    def test_what_is_returned_may_be_changed(self) -> None:
        known_revisions([LEDGER])["ledger"].clear()
        assert known_revisions([LEDGER])["ledger"] == ["ledger_0001"]


class TestBadBranches:
    def refused(self, location: Location) -> str:
        with pytest.raises(ConfigurationError) as caught:
            known_revisions([location])
        return caught.value.detail

    def test_no_such_package(self) -> None:
        assert self.refused(Location("shop", "no.such.package")) == (
            "domain 'shop': there is no package 'no.such.package' of revisions"
        )

    def test_a_module_is_no_package(self) -> None:
        assert self.refused(Location("shop", "roadbed.kernel.clock")) == (
            "domain 'shop': there is no package 'roadbed.kernel.clock' of revisions"
        )

    @pytest.mark.parametrize("package", ["bare_shop", "bare_shop.versions", "bare_shop.orders.versions"])
    def test_a_module_that_no_import_has_made(self, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
        monkeypatch.setitem(sys.modules, "bare_shop", ModuleType("bare_shop"))
        assert self.refused(Location("shop", package)) == (
            f"domain 'shop': there is no package '{package}' of revisions"
        )

    def test_two_firsts(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": revision("shop_0001", None), "b.py": revision("shop_0002", None)})
        assert self.refused(shop) == "the revisions of branch 'shop' are not one line, first to last: see shop_0001"

    def test_a_gap(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": revision("shop_0001", None), "b.py": revision("shop_0003", "shop_0002")})
        assert self.refused(shop) == "the revisions of branch 'shop' are not one line, first to last: see shop_0003"

    def test_a_circle(self, packages: Packages) -> None:
        shop = packages(
            "shop", {"a.py": revision("shop_0001", "shop_0002"), "b.py": revision("shop_0002", "shop_0001")}
        )
        assert self.refused(shop) == (
            "the revisions of branch 'shop' are not one line, first to last: see shop_0001, shop_0002"
        )

    def test_a_revision_given_twice(self, packages: Packages) -> None:
        shop = packages("shop", {"a.py": revision("shop_0001", None), "b.py": revision("shop_0001", None)})
        assert self.refused(shop).endswith("b.py: revision 'shop_0001' is given twice or follows several others")

    @pytest.mark.parametrize("name", ["0001", "zoo_0001", "shop0001", "shop_" + "x" * 28])
    def test_a_name_that_others_could_have_or_that_is_too_long(self, packages: Packages, name: str) -> None:
        assert self.refused(packages("shop", {"a.py": revision(name, None)})).endswith(
            f"a.py: revision '{name}' must begin with 'shop_' (so that no two domains share a name) "
            "and have 32 characters at most"
        )

    def test_a_file_that_is_no_python(self, packages: Packages) -> None:
        assert "invalid syntax" in self.refused(packages("shop", {"a.py": "revision = = 1"}))


class TestHeads:
    def test_are_the_newest_of_every_branch(self, packages: Packages) -> None:
        assert heads([packages.line("shop", 3), packages("bare", {})]) == ("platform_0003", "shop_0003")


class TestWithPlatform:
    def test_names_every_branch_once(self) -> None:
        assert with_platform([LEDGER, PLATFORM, Location("ledger", "elsewhere")]) == [PLATFORM, LEDGER]


class TestState:
    @pytest.fixture
    def shop(self, packages: Packages) -> Location:
        return packages.line("shop", 3)

    @pytest.mark.parametrize(
        ("stored", "kind", "missing", "unknown"),
        [
            ((), "empty", [*PLATFORM_LINE, "shop_0001", "shop_0002", "shop_0003"], []),
            (("platform_0003",), "behind", ["shop_0001", "shop_0002", "shop_0003"], []),
            (("platform_0003", "shop_0001"), "behind", ["shop_0002", "shop_0003"], []),
            (("shop_0003", "platform_0003"), "current", [], []),
            (("shop_0003",), "behind", PLATFORM_LINE, []),
            (("platform_0003", "shop_0004"), "ahead", ["shop_0001", "shop_0002", "shop_0003"], ["shop_0004"]),
            (("platform_0003", "shop_0003", "zoo_1", "art_1"), "ahead", [], ["art_1", "zoo_1"]),
        ],
    )
    def test_says_how_a_database_compares(
        self, shop: Location, stored: tuple[str, ...], kind: Kind, missing: list[str], unknown: list[str]
    ) -> None:
        assert state(stored, [shop]) == State(kind, missing, unknown)

    def test_a_domain_that_was_switched_off_is_not_strange(self, shop: Location) -> None:
        assert state(("platform_0003", "shop_0002"), [], installed=[shop]) == State("current", [], [])

    def test_without_its_package_it_is(self) -> None:
        assert state(("platform_0003", "shop_0002"), []) == State("ahead", [], ["shop_0002"])


class TestRequireCurrent:
    def test_a_current_one_may_be_served(self) -> None:
        State("current", [], []).require_current()

    @pytest.mark.parametrize(
        ("found", "detail"),
        [
            (
                State("empty", ["platform_0001", "shop_0001"], []),
                "the database is empty: platform_0001, shop_0001 missing; run `roadbed migrate upgrade`",
            ),
            (
                State("behind", ["shop_0002"], []),
                "the database is behind this release: shop_0002 missing; run `roadbed migrate upgrade`",
            ),
            (
                State("ahead", [], ["shop_0009"]),
                (
                    "the database was migrated by a newer release, or by a domain that is not installed here: it is at "
                    "shop_0009; install the newer release (or the domain), or restore an older backup"
                ),
            ),
        ],
    )
    def test_others_are_refused_with_what_mends_them(self, found: State, detail: str) -> None:
        with pytest.raises(SchemaMismatch) as caught:
            found.require_current()
        assert caught.value.detail == detail


def test_the_parent_side_stays_light() -> None:
    """A serving process must never load the second SQLite library, and need not load Alembic and SQLAlchemy."""
    code = (
        "import sys; import roadbed.data.migrations.parent as parent; "
        "from roadbed.data.migrations.locations import state; state((), []); "
        "print(sorted({'alembic', 'sqlalchemy', 'sqlite3', 'apsw', 'asyncpg', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
