"""The place of the embedded database is looked at before anything is opened."""

import os
from pathlib import Path

import pytest

from roadbed.kernel.errors import ConfigurationError
from roadbed.kernel.settings import Settings
from roadbed.runtime.storage import prepare_storage, storage_problem


def detail(settings: Settings) -> str:
    with pytest.raises(ConfigurationError) as caught:
        prepare_storage(settings)
    return caught.value.detail


@pytest.fixture
def not_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deny writing as the system does: tests may run as root, whom no mode bit stops."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    prepare_storage(Settings(data=tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "roadbed.db").write_bytes(b"kept")
    prepare_storage(Settings(data=tmp_path))
    assert (tmp_path / "roadbed.db").read_bytes() == b"kept"


def test_the_folder_of_a_url_is_made(tmp_path: Path) -> None:
    prepare_storage(Settings(database_url=f"sqlite:///{tmp_path}/near/a.db"))
    assert list((tmp_path / "near").iterdir()) == []


def test_postgresql_needs_no_folder(tmp_path: Path) -> None:
    prepare_storage(Settings(data=tmp_path / "a", database_url="postgresql://host/name"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert detail(Settings(data=tmp_path / "data")) == (
        f"the data folder {tmp_path}/data cannot be made: File exists; choose another with --data"
    )


def test_a_file_further_up_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert detail(Settings(data=tmp_path / "data" / "deep")) == (
        f"the data folder {tmp_path}/data/deep cannot be made: Not a directory; choose another with --data"
    )


def test_a_read_only_folder(tmp_path: Path, not_writable: None) -> None:
    assert detail(Settings(data=tmp_path)) == (
        f"the data folder {tmp_path} cannot be written by this user; choose another with --data"
    )


def test_the_remedy_is_the_setting_that_leads_there(tmp_path: Path, not_writable: None) -> None:
    assert detail(Settings(database_url=f"sqlite:///{tmp_path}/a.db")) == (
        f"the data folder {tmp_path} cannot be written by this user; see database_url"
    )


def test_a_database_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "roadbed.db").mkdir()
    assert storage_problem(tmp_path / "roadbed.db") == f"{tmp_path}/roadbed.db is a folder, and no database"


def test_a_read_only_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "roadbed.db"
    path.write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda asked, _mode: asked != path)
    assert storage_problem(path) == f"the database {path} cannot be written by this user"


def test_a_missing_folder_is_a_problem_where_it_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a" / "b" / "roadbed.db"
    assert storage_problem(path) == ""
    (tmp_path / "a").write_text("")
    assert storage_problem(path) == f"the data folder {tmp_path}/a/b cannot be made: {tmp_path}/a is a file"
    (tmp_path / "a").unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert storage_problem(path) == f"the data folder {tmp_path}/a/b cannot be made by this user in {tmp_path}"


def test_a_folder_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.stat

    def stat(path: Path | str, **options: bool) -> os.stat_result:
        if str(path) == str(tmp_path / "shut" / "data"):
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    (tmp_path / "shut").mkdir()
    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path / "shut")
    problem = storage_problem(tmp_path / "shut" / "data" / "roadbed.db")
    assert problem == f"the data folder {tmp_path}/shut/data cannot be made by this user in {tmp_path}/shut"


def test_all_is_well(tmp_path: Path) -> None:
    assert storage_problem(tmp_path / "roadbed.db") == ""
