"""What wrk prints becomes figures, or a refusal that shows what it printed."""

import pytest

from bench.harness import wrk
from bench.harness.errors import BenchError

OUTPUT = """\
Running 2s test @ http://127.0.0.1:4000
  1 threads and 32 connections
  16234 requests in 2.00s, 3.02MB read
Requests/sec:   8117.00
RESULT {"requests":16234,"duration":2000000,"bytes":3166720,"status":34,"connect":1,"read":2,"write":3,"timeout":4,\
"p50":3521,"p99":10812,"max":20117}
"""


def test_the_marked_line_is_read() -> None:
    load = wrk.parse(OUTPUT)

    assert (load.requests, load.duration, load.p50, load.p99, load.max) == (16_234, 2_000_000, 3_521, 10_812, 20_117)


def test_the_rate_counts_good_replies_only() -> None:
    assert wrk.parse(OUTPUT).rate == 8_100.0


def test_refused_and_lost_requests_are_bad() -> None:
    assert wrk.parse(OUTPUT).bad == 34 + 1 + 2 + 3 + 4


def test_a_run_without_a_result_shows_what_was_printed() -> None:
    with pytest.raises(BenchError, match=r"(?s)no result.*get\.lua: No such file"):
        wrk.parse("get.lua: No such file or directory\n")


@pytest.mark.parametrize("line", ['RESULT {"requests":1}', "RESULT {", 'RESULT {"requests":"many"}'])
def test_a_result_that_is_not_one_is_refused(line: str) -> None:
    with pytest.raises(BenchError, match=r"result\.lua"):
        wrk.parse(line)


def test_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrk, "program", lambda name, _advice: f"/usr/bin/{name}")

    argv = wrk.command(4000, "get.lua", ("/transactions/", "ids.txt", "7"), connections=32, seconds=2)

    assert argv[0] == "/usr/bin/wrk"
    assert {"--threads=1", "--connections=32", "--duration=2s", "--script=get.lua"} <= set(argv)
    assert argv[-5:] == ("http://127.0.0.1:4000", "--", "/transactions/", "ids.txt", "7")


def test_every_script_lies_in_the_folder_that_wrk_runs_in() -> None:
    assert {path.name for path in wrk.SCRIPTS.iterdir()} == {
        "create.lua",
        "fetch.lua",
        "get.lua",
        "lists.lua",
        "put.lua",
        "result.lua",
    }
