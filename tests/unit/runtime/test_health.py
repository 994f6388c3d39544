"""Ready is who started, is not draining, and whose components all answer in time."""

import asyncio

import pytest

from roadbed.data.database import Health
from roadbed.kernel.errors import Unavailable
from roadbed.runtime.health import Component, Readiness, Report
from tests.support.waiting import eventually


class Check:
    """A component that answers as told, and counts how often it was asked."""

    def __init__(self, answer: Health | Exception | None = None) -> None:
        self.answer = answer
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> Health:
        self.asked += 1
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Health(ok=True, latency=0.002)


def states(report: Report) -> dict[str, str]:
    return {name: component.state for name, component in report.components.items()}


async def test_a_process_that_starts_is_not_ready() -> None:
    assert await Readiness().report() == Report("starting", {})


async def test_a_process_without_components_is_ready() -> None:
    readiness = Readiness()
    readiness.started({})
    assert await readiness.report() == Report("ready", {})


async def test_a_component_that_answers_is_ready() -> None:
    readiness = Readiness()
    readiness.started({"database": Check(Health(ok=True, latency=0.0125))})
    assert await readiness.report() == Report("ready", {"database": Component("ok", 12.5)})


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (Health(ok=False, latency=0.001, detail="the disk is full"), "the disk is full"),
        (Unavailable("nobody answers at that address"), "nobody answers at that address"),
        (RuntimeError("password=hush at host.internal"), "RuntimeError"),
        (OSError(5, "Input/output error"), "OSError"),
    ],
)
async def test_a_component_that_fails_says_why(answer: Health | Exception, detail: str) -> None:
    readiness = Readiness()
    readiness.started({"database": Check(answer)})
    report = await readiness.report()
    component = report.components["database"]
    assert (report.status, component.state, component.detail) == ("failed", "failed", detail)


async def test_one_that_fails_is_enough() -> None:
    readiness = Readiness()
    readiness.started({"database": Check(), "schema": Check(Health(ok=False, latency=0.0, detail="behind"))})
    report = await readiness.report()
    assert (report.status, states(report)) == ("failed", {"database": "ok", "schema": "failed"})


async def test_one_that_is_not_vital_degrades() -> None:
    readiness = Readiness()
    cache = Check(Health(ok=False, latency=0.0, detail="gone", vital=False))
    readiness.started({"database": Check(), "cache": cache})
    report = await readiness.report()
    assert (report.status, states(report)) == ("degraded", {"database": "ok", "cache": "degraded"})
    readiness.started({"database": Check(Health(ok=False, latency=0.0)), "cache": cache})
    await asyncio.sleep(0.3)
    assert (await readiness.report()).status == "failed"


async def test_one_that_hangs_does_not_hang_the_others() -> None:
    hanging = Check()
    hanging.may_answer.clear()
    readiness = Readiness(timeout=0.05)
    readiness.started({"database": hanging, "schema": Check()})
    report = await readiness.report()
    assert (report.status, states(report), report.components["database"].detail) == (
        "failed",
        {"database": "failed", "schema": "ok"},
        "no answer within 0.05 s",
    )


async def test_components_are_asked_at_the_same_time() -> None:
    first, second = Check(), Check()
    first.may_answer.clear()
    readiness = Readiness()
    readiness.started({"first": first, "second": second})
    asking = asyncio.create_task(readiness.report())
    await eventually(lambda: first.asked and second.asked, "both are asked")
    first.may_answer.set()
    assert (await asking).status == "ready"


async def test_who_asks_at_the_same_time_shares_an_answer() -> None:
    check = Check()
    readiness = Readiness()
    readiness.started({"database": check})
    reports = await asyncio.gather(*(readiness.report() for _ in range(50)))
    assert (check.asked, {report.status for report in reports}) == (1, {"ready"})


async def test_an_answer_serves_for_a_while() -> None:
    check = Check()
    readiness = Readiness(fresh=3600)
    readiness.started({"database": check})
    await readiness.report()
    check.answer = Unavailable("gone")
    assert ((await readiness.report()).status, check.asked) == ("ready", 1)


async def test_an_old_answer_is_asked_for_again() -> None:
    check = Check()
    readiness = Readiness(fresh=-1)
    readiness.started({"database": check})
    await readiness.report()
    check.answer = Unavailable("gone")
    assert ((await readiness.report()).status, check.asked) == ("failed", 2)


async def test_a_component_that_recovers_is_ready_again() -> None:
    check = Check(Unavailable("gone"))
    readiness = Readiness(fresh=-1)
    readiness.started({"database": check})
    before = (await readiness.report()).status
    check.answer = None
    assert (before, (await readiness.report()).status) == ("failed", "ready")


async def test_a_probe_that_hangs_up_does_not_take_the_answer_along() -> None:
    check = Check()
    check.may_answer.clear()
    readiness = Readiness()
    readiness.started({"database": check})
    impatient = asyncio.create_task(readiness.report())
    patient = asyncio.create_task(readiness.report())
    await eventually(lambda: check.asked, "it is asked")
    impatient.cancel()
    await asyncio.sleep(0)
    check.may_answer.set()
    assert ((await patient).status, check.asked, impatient.cancelled()) == ("ready", 1, True)


async def test_draining_goes_before_everything() -> None:
    check = Check()
    readiness = Readiness()
    readiness.started({"database": check})
    readiness.drain()
    assert (await readiness.report(), readiness.draining, check.asked) == (Report("draining", {}), True, 0)


async def test_components_tell_their_state_also_while_the_process_drains() -> None:
    readiness = Readiness()
    assert await readiness.components() == {}
    check = Check()
    readiness.started({"database": check})
    readiness.drain()
    assert await readiness.report() == Report("draining", {})
    assert await readiness.components() == {"database": Component("ok", 2.0)}
    assert await readiness.components() == {"database": Component("ok", 2.0)}
    assert check.asked == 1
