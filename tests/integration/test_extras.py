"""What `make run` installs is enough: the embedded database needs nothing of the extras `postgres` and `otlp`."""

from pathlib import Path

from tests.conftest import StartService

# Python runs this file at every start, that of the migration child too. None makes an import fail.
ABSENT = dict.fromkeys(("asyncpg", "greenlet", "google.protobuf", "opentelemetry"))
WITHOUT_THE_EXTRAS = f"import sys\nsys.modules.update({ABSENT!r})\n"


def test_the_embedded_service_starts_without_the_extras(tmp_path: Path, start_service: StartService) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_EXTRAS)
    service = start_service(new=True, env={"PYTHONPATH": str(tmp_path)})
    assert service.terminate() == 0
