import type { Series } from "@/parts/plotting"

/** One value of a line: milliseconds, value, and in a band the least and the greatest of what it stands for. */
export interface Dot {
  at: number
  value: number
  low?: number
  high?: number
}

/** A signal's points by time as the service gave them. */
export interface Line {
  label: string
  unit: string
  dots: readonly Dot[]
  /** Milliseconds between two dots that are more than what is usual: a gap. */
  gap: number
}

export interface Point { timestamp: string; value: number }
export interface Bucket { timestamp: string; count: number; avg: number | null; min: number | null; max: number | null; last: number | null }

/** Of regular points nearly all distances are below the 95th percentile; four times that is no chance any more. */
const USUAL = 0.95
const BEYOND = 4
/** Mean distances within which the next of independent measurements comes, but once in e^12 = 160,000 times. */
const PATIENCE = 12

/** The distance in milliseconds from which on two points have a gap between them, by what is usual among all. */
export function gapOfPoints(times: readonly number[]): number {
  const apart = times.slice(1).map((time, at) => time - times[at]!).sort((a, b) => a - b)
  return apart.length < 3 ? Infinity : apart[Math.min(Math.floor(apart.length * USUAL), apart.length - 1)]! * BEYOND
}

/** Dots of measurements that keep the shape (LTTB). */
export function dotsOfPoints(points: readonly Point[]): Pick<Line, "dots" | "gap"> {
  const dots = points.map((point) => ({ at: Date.parse(point.timestamp), value: point.value }))
  return { dots, gap: gapOfPoints(dots.map((dot) => dot.at)) }
}

/**
 * Dots of the buckets that hold measurements, in their middle. An empty bucket is a gap where buckets are wide; where
 * they are narrower than measurements are apart, most are empty, and only many in a row are one.
 */
export function dotsOfBuckets(buckets: readonly Bucket[]): Pick<Line, "dots" | "gap"> {
  const width = buckets.length > 1 ? Date.parse(buckets[1]!.timestamp) - Date.parse(buckets[0]!.timestamp) : 0
  const full = buckets.filter((bucket) => bucket.count > 0)
  const count = full.reduce((sum, bucket) => sum + bucket.count, 0)
  const dots = full.map((bucket) => ({ at: Date.parse(bucket.timestamp) + width / 2, value: bucket.avg!, low: bucket.min!, high: bucket.max! }))
  const sparse = count > 0 && count <= full.length * 1.5
  const spacing = sparse ? gapOfPoints(dots.map((dot) => dot.at)) : (PATIENCE * width * full.length) / Math.max(count, 1)
  return { dots, gap: Math.max(1.5 * width, spacing) }
}

/** All lines on one x axis in seconds: undefined where a line has no point of its own, null all through its gaps. */
export function merge(lines: readonly Line[]): { x: number[]; series: Series[] } {
  const holes = lines.map((line) => line.dots.flatMap((dot, at) => {
    const before = line.dots[at - 1]
    return before && dot.at - before.at > line.gap ? [{ from: before.at, middle: (before.at + dot.at) / 2, to: dot.at }] : []
  }))
  const times = Float64Array.from([...lines.flatMap((line) => line.dots.map((dot) => dot.at)), ...holes.flat().map((hole) => hole.middle)]).sort()
  const x = [...times.filter((time, at) => at === 0 || time !== times[at - 1])]
  const place = new Map(x.map((time, at) => [time, at]))
  const series = lines.map((line, number): Series => {
    const column = (): (number | null | undefined)[] => {
      const made = new Array<number | null | undefined>(x.length).fill(undefined)
      for (const hole of holes[number]!) made.fill(null, place.get(hole.from)! + 1, place.get(hole.to)!)
      return made
    }
    const [values, low, high] = [column(), column(), column()]
    for (const dot of line.dots) {
      const at = place.get(dot.at)!
      values[at] = dot.value
      low[at] = dot.low ?? null
      high[at] = dot.high ?? null
    }
    const banded = line.dots.some((dot) => dot.low !== undefined)
    return { label: line.label, unit: line.unit, values, ...(banded ? { low, high } : {}) }
  })
  return { x: x.map((time) => time / 1000), series }
}
