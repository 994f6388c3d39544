"""What is measured: each figure is a function of a stage, and a new one is added to ``FIGURES``.

A time begins and ends in the browser itself (``performance.now``): what playwright adds is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from bench.console.stage import ROWS, SIGNAL, Stage

Figures = dict[str, float]
"""Name with its unit, and how much."""

CHART = f"/console/telemetry/chart?signals={SIGNAL}"
DRAWN = "document.querySelector('.plotting[aria-busy=false] .u-over') !== null"
TABLE = f"/console/items/items?limit={ROWS}"
TURNS = 20

LONG_TASKS = """
window.busy_ = 0
new PerformanceObserver(list => {
  for (const task of list.getEntries()) window.busy_ = task.startTime + task.duration
}).observe({ type: 'longtask', buffered: true })
"""
LOADED = """() => ({
  bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(entry => entry.name.includes('/console/')).reduce((sum, entry) => sum + entry.transferSize, 0),
  paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  busy: window.busy_,
})"""

CLICK_AND_WAIT = """name => new Promise(done => {
  const began = performance.now()
  let busy = false
  const look = () => {
    const now = document.querySelector('.plotting').getAttribute('aria-busy') === 'true'
    if (busy && !now) return requestAnimationFrame(() => done(performance.now() - began))
    busy ||= now
    requestAnimationFrame(look)
  }
  document.querySelector(`button[aria-label="${name}"]`).click()
  look()
})"""

WATCH_FRAMES = """() => {
  window.frames_ = []
  let last = performance.now()
  const look = now => { window.frames_.push(now - last); last = now; window.looking_ = requestAnimationFrame(look) }
  window.looking_ = requestAnimationFrame(look)
}"""


def chart_of_a_million(stage: Stage) -> Figures:
    """Measure the chart of all points of one signal: until it is drawn, until a zoom is, and its worst frame."""
    page = stage.page()
    found: Figures = {}
    for method in ("buckets", "lttb"):
        page.goto(f"{stage.url}{CHART}&method={method}", wait_until="commit")
        found[f"chart, {method}: navigation to drawn, ms"] = _when(page, DRAWN)
        for zoom in ("Zoom in", "Later", "Zoom out"):
            found[f"chart, {method}: {zoom.lower()} and drawn, ms"] = page.evaluate(CLICK_AND_WAIT, zoom)
    found["chart: longest frame while the wheel turns, ms"] = _longest_frame(page)
    return found


def first_load(stage: Stage) -> Figures:
    """Measure the overview with an empty cache: what is transferred, when it paints, when the main thread is free.

    Time to interactive is the end of the last task above 50 ms (at least the first contentful paint): Lighthouse's
    definition, without its wait of five quiet seconds.
    """
    page = stage.page()
    page.add_init_script(LONG_TASKS)
    page.goto(f"{stage.url}/console/", wait_until="commit")
    shown = _when(page, "document.querySelector('.tiles') !== null")
    page.wait_for_timeout(1000)
    seen: dict[str, float] = page.evaluate(LOADED)
    page.context.close()
    return {
        "overview: transferred, kB": seen["bytes"] / 1000,
        "overview: first contentful paint, ms": seen["paint"],
        "overview: figures shown, ms": shown,
        "overview: time to interactive, ms": max(seen["paint"], seen["busy"]),
    }


def table_of_a_thousand(stage: Stage) -> Figures:
    """Measure a list of 1,000 rows with all of its columns, until its last row is there."""
    page = stage.page()
    page.goto(f"{stage.url}{TABLE}", wait_until="commit")
    drawn = _when(page, f"document.querySelectorAll('tbody tr').length >= {ROWS}")
    found = {"table of 1,000 rows: navigation to drawn, ms": drawn}
    page.context.close()
    return found


def _when(page: Page, condition: str) -> float:
    """Return the milliseconds since the navigation at which a condition holds, to a frame."""
    look = f"{condition} ? done(performance.now()) : requestAnimationFrame(look)"
    return float(page.evaluate(f"() => new Promise(done => {{ const look = () => {look}; look() }})"))


def _longest_frame(page: Page) -> float:
    """Turn the wheel over the chart, there and back, and return the longest time between two frames."""
    page.locator(".u-over").hover()
    page.evaluate(WATCH_FRAMES)
    for turn in range(TURNS):
        page.mouse.wheel(0, -100 if turn < TURNS // 2 else 100)
        page.wait_for_timeout(16)
    frames: list[Any] = json.loads(page.evaluate("cancelAnimationFrame(window.looking_), JSON.stringify(frames_)"))
    return max(map(float, frames[1:]))


FIGURES: dict[str, Callable[[Stage], Figures]] = {
    "load": first_load,
    "table": table_of_a_thousand,
    "chart": chart_of_a_million,
}
"""All figures by name. Each makes a page of its own."""
