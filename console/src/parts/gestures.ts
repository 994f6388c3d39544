import type uPlot from "uplot"
import { panned, zoomed, type Range } from "@/parts/ranges"

/** A wheel that turns so soon after the page scrolled goes on scrolling it, though a chart came under the pointer. */
const SCROLL_GOES_ON = 300

/** What one turn of the wheel by 100 pixels does to the width of what is seen. */
const PER_TURN = 1.25

let scrolled = -Infinity
if (typeof window !== "undefined") {
  window.addEventListener("scroll", () => { scrolled = performance.now() }, { passive: true, capture: true })
}

/** How much a turn of the wheel zooms: more than 1 shows more. Null: the turn is the page's. */
export function wheelFactor(event: WheelEvent): number | null {
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.deltaY === 0) return null
  if (!event.ctrlKey && performance.now() - scrolled < SCROLL_GOES_ON) return null
  const pixels = event.deltaMode === 1 ? event.deltaY * 33 : event.deltaY
  return PER_TURN ** (Math.max(Math.min(pixels, 300), -300) / 100)
}

function rangeOf(chart: uPlot): Range | undefined {
  const { min, max } = chart.scales["x"]!
  return min === undefined || max === undefined || min === null || max === null ? undefined : { from: min, to: max }
}

/**
 * Lets a chart be moved: the wheel zooms around the pointer, Shift and a drag pan, one finger pans, two zoom. `onMove`
 * hears every step; the owner draws it. Returns what undoes all.
 */
export function movable(chart: uPlot, onMove: (range: Range) => void): () => void {
  const over = chart.over
  const fingers = new Map<number, number>()
  let start: { range: Range; x: number; apart: number } | undefined

  const width = (): number => over.clientWidth || 1
  const middle = (): number => [...fingers.values()].reduce((sum, x) => sum + x, 0) / Math.max(fingers.size, 1)
  const apart = (): number => Math.max(...fingers.values()) - Math.min(...fingers.values())

  function begin(): void {
    const range = rangeOf(chart)
    start = range && fingers.size ? { range, x: middle(), apart: apart() } : undefined
  }

  function onWheel(event: WheelEvent): void {
    const factor = wheelFactor(event)
    const range = rangeOf(chart)
    if (factor === null || !range) return
    event.preventDefault()
    onMove(zoomed(range, factor, chart.posToVal(event.clientX - over.getBoundingClientRect().left, "x")))
  }

  function onDown(event: PointerEvent): void {
    if (event.pointerType === "mouse" && !event.shiftKey) return
    over.setPointerCapture(event.pointerId)
    fingers.set(event.pointerId, event.clientX)
    begin()
  }

  function onMoved(event: PointerEvent): void {
    if (!start || !fingers.has(event.pointerId)) return
    fingers.set(event.pointerId, event.clientX)
    const moved = panned(start.range, (start.x - middle()) / width())
    if (fingers.size < 2 || start.apart < 10) return onMove(moved)
    const at = (middle() - over.getBoundingClientRect().left) / width()
    onMove(zoomed(moved, start.apart / Math.max(apart(), 10), moved.from + (moved.to - moved.from) * at))
  }

  function onUp(event: PointerEvent): void {
    if (fingers.delete(event.pointerId)) begin()
  }

  over.addEventListener("wheel", onWheel, { passive: false })
  over.addEventListener("pointerdown", onDown)
  over.addEventListener("pointermove", onMoved)
  over.addEventListener("pointerup", onUp)
  over.addEventListener("pointercancel", onUp)
  return () => {
    over.removeEventListener("wheel", onWheel)
    over.removeEventListener("pointerdown", onDown)
    over.removeEventListener("pointermove", onMoved)
    over.removeEventListener("pointerup", onUp)
    over.removeEventListener("pointercancel", onUp)
  }
}
