"""The parent's side, with children that misbehave in every way."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from roadbed.data.migrations import parent
from roadbed.data.migrations.locations import Location
from roadbed.kernel.errors import ConfigurationError, RoadbedError, SchemaMismatch, Unavailable

URL = "postgresql://ada:s3cret@db.example/roadbed"
Impostor = Callable[[str], None]


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Impostor:
    """Let a script take the place of the child; its arguments and environment are real."""

    def install(code: str) -> None:
        script = tmp_path / "python"
        script.write_text(f"#!{sys.executable}\nimport json, os, signal, sys, time\n{code}\n")
        script.chmod(0o755)
        monkeypatch.setattr("roadbed.data.migrations.parent.sys.executable", str(script))

    return install


def refusal(timeout: float = 60) -> RoadbedError:
    with pytest.raises(RoadbedError) as caught:
        parent.upgrade(URL, [], timeout=timeout, lock_timeout=timeout)
    return caught.value


class TestWhatTheChildGets:
    def test_the_request_comes_on_stdin(self, impostor: Impostor, tmp_path: Path) -> None:
        impostor(
            "request = json.load(sys.stdin)\n"
            "print(json.dumps({'revisions': [request['action'], request['url'], request['locations'][0]['branch']]}))"
        )
        assert parent.upgrade(URL, [Location("shop", "shop.migrations")]) == ["upgrade", URL, "shop"]

    def test_no_secret_is_in_its_arguments_or_environment(
        self, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROADBED_DATABASE_URL", URL)
        impostor(
            "sys.stdin.read()\n"
            "seen = ' '.join(sys.argv) + str(dict(os.environ))\n"
            "print(json.dumps({'revisions': [str('s3cret' in seen)]}))"
        )
        assert parent.upgrade(URL, []) == ["False"]

    def test_it_imports_what_we_can_import(
        self, impostor: Impostor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "outsiders.py").write_text("word = 'hello'")
        monkeypatch.syspath_prepend(tmp_path / "shop")
        impostor("from outsiders import word\nprint(json.dumps({'revisions': [word]}))")
        assert parent.upgrade(URL, []) == ["hello"]


class TestWhatItAnswers:
    @pytest.mark.parametrize(
        ("failure", "kind"),
        [("configuration", ConfigurationError), ("mismatch", SchemaMismatch), ("unavailable", Unavailable)],
    )
    def test_a_failure_becomes_our_error(self, impostor: Impostor, failure: str, kind: type[RoadbedError]) -> None:
        impostor(f"print(json.dumps({{'failure': {failure!r}, 'detail': 'why'}})); sys.exit(1)")
        found = refusal()
        assert (type(found), found.detail) == (kind, "why")

    def test_words_on_stderr_do_not_disturb(self, impostor: Impostor) -> None:
        impostor("sys.stderr.write('warning: old'); print('{}')")
        assert parent.upgrade(URL, []) == []

    @pytest.mark.parametrize(
        ("code", "ending"),
        [
            ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
            ("sys.stderr.write('a\\nlast words\\n'); sys.exit(3)", "exit code 3: last words"),
            ("sys.exit(130)", "exit code 130"),
            ("print('not json')", "exit code 0"),
        ],
    )
    def test_no_answer(self, impostor: Impostor, code: str, ending: str) -> None:
        impostor(code)
        found = refusal()
        assert (type(found), found.detail) == (
            Unavailable,
            (
                f"the migration ended without an answer ({ending}); a migration is done as a whole or not at all: "
                "see `roadbed migrate status`, then try again"
            ),
        )

    def test_no_answer_in_time(self, impostor: Impostor) -> None:
        impostor("time.sleep(60)")
        found = refusal(timeout=0.3)
        assert (type(found), found.detail) == (
            Unavailable,
            (
                "the migration took longer than 1 s and was stopped; a migration is done as a whole or not at all: "
                "see `roadbed migrate status`, then try again"
            ),
        )


class TestUrls:
    @pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:"])
    def test_are_checked_before_a_child_is_started(self, impostor: Impostor, url: str) -> None:
        impostor("raise SystemExit('started')")
        with pytest.raises(ConfigurationError):
            parent.upgrade(url, [])


class TestChild:
    def test_a_garbled_request_is_an_error_not_a_reply(self) -> None:
        command = [sys.executable, "-m", "roadbed.data.migrations.child"]
        done = subprocess.run(command, input=b"{", capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (1, b"")

    def test_says_failures_in_words_on_stderr_too(self) -> None:
        command = [sys.executable, "-m", "roadbed.data.migrations.child"]
        request = b'{"action": "upgrade", "url": "sqlite:////no/such/folder/a.db", "locations": []}'
        done = subprocess.run(command, input=request, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr.decode()) == (
            1,
            "there is no folder /no/such/folder for the database file a.db\n",
        )
