"""What `make run` installs is enough: the embedded database needs nothing of the extra `postgres`."""

from pathlib import Path

from tests.conftest import StartService

# Python runs this file at every start, that of the migration child too. None makes an import fail.
WITHOUT_THE_EXTRA = "import sys\nsys.modules.update({'asyncpg': None, 'greenlet': None})\n"


def test_the_embedded_service_starts_without_the_postgres_extra(tmp_path: Path, start_service: StartService) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_EXTRA)
    service = start_service(env={"PYTHONPATH": str(tmp_path)})
    assert service.terminate() == 0
