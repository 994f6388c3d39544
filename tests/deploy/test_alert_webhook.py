"""Who is told of alerts is named without a change of what git keeps."""

import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_alerts_live import ALERT_WEBHOOK
from tests.deploy.test_compose import SERVICES, text_of
from tests.deploy.test_rules import MONITORING

SHIPPED = MONITORING / "alertmanager" / "alertmanager.yml"


def run(*arguments: str | Path, script: Path = ALERT_WEBHOOK) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=180, check=False)


@pytest.mark.parametrize(
    "url", ["https://hooks.example.org/a?b=c&d=%20e#f", "http://10.0.0.1:9000/", "https://user:p|a$s'@h/${X}\u00e9"]
)
def test_the_address_is_all_that_changes(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = run(url, tmp_path / "alerting")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    made, shipped = ((tmp_path / "alerting" / "alertmanager.yml").read_text(), SHIPPED.read_text())
    assert made == shipped.replace("http://alert-receiver:9000/", f'"{url}"')
    (receiver,) = yaml.safe_load(made)["receivers"]
    assert [hook["url"] for hook in receiver["webhook_configs"]] == [url]
    assert [path.name for path in (tmp_path / "alerting").iterdir()] == ["alertmanager.yml"]


def test_the_container_can_read_it(tmp_path: Path) -> None:
    """Its user is none of this machine's: what keeps others out is the folder above."""
    subprocess.run(
        ["sh", "-c", f"umask 077; '{ALERT_WEBHOOK}' https://a/ '{tmp_path / 'alerting'}'"], check=True, timeout=180
    )
    assert stat.S_IMODE((tmp_path / "alerting").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "alerting" / "alertmanager.yml").stat().st_mode) == 0o444


def test_folders_that_it_makes_on_the_way_are_closed(tmp_path: Path) -> None:
    """One that is there stays as it is: it may be anybody's."""
    tmp_path.chmod(0o755)
    assert run("https://a/", tmp_path / "ours" / "more" / "alerting").returncode == 0
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path, tmp_path / "ours", tmp_path / "ours" / "more")]
    assert modes == [0o755, 0o700, 0o700]
    assert stat.S_IMODE((tmp_path / "ours" / "more" / "alerting").stat().st_mode) == 0o755


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The script in a tree of its own: nothing is written into this one, and what is shipped may be changed."""
    compose, monitoring = tmp_path / "deploy" / "compose", tmp_path / "deploy" / "monitoring" / "alertmanager"
    compose.mkdir(parents=True)
    monitoring.mkdir(parents=True)
    script = compose / "alert-webhook"
    script.write_bytes(ALERT_WEBHOOK.read_bytes())
    script.chmod(0o755)
    (monitoring / "alertmanager.yml").write_bytes(SHIPPED.read_bytes())
    return script


def test_unless_it_is_told_otherwise_it_writes_where_git_does_not_look(elsewhere: Path) -> None:
    secrets = elsewhere.parent / "secrets"
    assert run("https://a/", script=elsewhere).returncode == 0
    assert (secrets / "alertmanager" / "alertmanager.yml").exists()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert "/deploy/compose/secrets/" in text_of(".gitignore").splitlines()


@pytest.mark.parametrize(
    "changed",
    ["http://alert-receiver:9001/", "# no more http://alert-receiver:9000/\n        url: http://b/", "https://a/"],
)
def test_what_is_shipped_has_no_place_for_the_address(elsewhere: Path, tmp_path: Path, changed: str) -> None:
    """The file that is there keeps sending to where it did; where none is, none is made."""
    assert run("https://old/", tmp_path / "alerting", script=elsewhere).returncode == 0
    before = (tmp_path / "alerting" / "alertmanager.yml").read_bytes()
    shipped = tmp_path / "deploy" / "monitoring" / "alertmanager" / "alertmanager.yml"
    shipped.write_text(shipped.read_text().replace("http://alert-receiver:9000/", changed))
    for folder in ("alerting", "new"):
        done = run("https://a/", tmp_path / folder, script=elsewhere)
        assert (done.returncode, done.stdout) == (1, "")
        assert "has no place for the address: it no longer names http://alert-receiver:9000/" in done.stderr
    assert [path.name for path in (tmp_path / "alerting").iterdir()] == ["alertmanager.yml"]
    assert (tmp_path / "alerting" / "alertmanager.yml").read_bytes() == before
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "wrong", [[], ["https://a/", "b", "c"], ["hooks.example.org"], ['https://a/"b'], ["https://a b"]]
)
def test_what_is_no_address_is_refused(wrong: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [ALERT_WEBHOOK, *wrong], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: alert-webhook URL [FOLDER]: ")
    assert list(tmp_path.iterdir()) == []


def test_the_stack_takes_the_folder_that_is_named() -> None:
    (mounted,) = [each for each in SERVICES["alertmanager"]["volumes"] if "/etc/alertmanager" in each]
    assert mounted == "${ALERTMANAGER_CONFIG:-./deploy/monitoring/alertmanager}:/etc/alertmanager:ro"
    assert "--config.file=/etc/alertmanager/alertmanager.yml" in SERVICES["alertmanager"]["command"]
    named = "ALERTMANAGER_CONFIG=./deploy/compose/secrets/alertmanager"
    assert f"# {named}\n" in text_of("deploy/compose/example.env")
    assert f"echo {named} >> .env\n" in text_of("docs/operate.md")
