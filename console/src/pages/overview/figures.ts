import type { Series } from "@/parts/Chart.vue"
import type { components } from "@/api/schema"
import { formatSeconds } from "@/design/format"

type Schemas = components["schemas"]
export type About = Schemas["About"]
export type Point = Schemas["roadbed.platform.model.Point"]
export type Figures = Schemas["Figures"]
export type Storage = Schemas["Storage"]
export type ErrorShown = Schemas["ErrorShown"]

/** Ranges that the page offers: a label, and seconds back from now. */
export const ranges = [
  { value: "5m", label: "5 min", seconds: 300 },
  { value: "15m", label: "15 min", seconds: 900 },
  { value: "1h", label: "1 h", seconds: 3600 },
  { value: "6h", label: "6 h", seconds: 21_600 },
  { value: "1d", label: "1 day", seconds: 86_400 },
  { value: "7d", label: "7 days", seconds: 604_800 },
  { value: "30d", label: "30 days", seconds: 2_592_000 },
] as const

export const POINTS = 240

export function secondsOf(range: string): number {
  return ranges.find((one) => one.value === range)?.seconds ?? 3600
}

/** Spans without figures are left out by the service: a null between two that are far apart shows the gap as one. */
export function withGaps(points: readonly Point[], step: number): (Point | { at: string })[] {
  const spans: (Point | { at: string })[] = []
  for (const [index, point] of points.entries()) {
    const before = points[index - 1]
    if (before && Date.parse(point.at) - Date.parse(before.at) > 1500 * step) spans.push({ at: new Date(Date.parse(before.at) + 1000 * step).toISOString() })
    spans.push(point)
  }
  return spans
}

type Line = { label: string; unit: string; of: (point: Point) => number | null | undefined; kind?: Series["kind"] }

export interface Panel {
  title: string
  about: string
  lines: Line[]
}

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const scaled = (value: number, unit: number): number => Math.round((100 * value) / unit) / 100

/** What the overview draws, each with what it means. */
export const panels: Panel[] = [
  { title: "Requests", about: "Replies a second, and those that failed (from 500 on)", lines: [
    { label: "Requests", unit: "/s", of: (point) => point.requests_per_second, kind: "area" },
    { label: "Errors", unit: "/s", of: (point) => (point.seconds ? point.errors / point.seconds : null) },
  ] },
  { title: "Latency", about: "Milliseconds until a reply was handed over", lines: [
    { label: "p50", unit: "ms", of: (point) => point.latency_ms?.p50 },
    { label: "p90", unit: "ms", of: (point) => point.latency_ms?.p90 },
    { label: "p99", unit: "ms", of: (point) => point.latency_ms?.p99 },
  ] },
  { title: "Cache", about: "Share of cached reads that were answered without the database", lines: [
    { label: "Hit rate", unit: "%", of: (point) => (point.cache_hit_rate === null ? null : scaled(point.cache_hit_rate, 0.01)) },
  ] },
  { title: "Flights", about: "Writes and reads that shared one transaction, on average", lines: [
    { label: "Items per flight", unit: "", of: (point) => point.flight_size },
  ] },
  { title: "Queues", about: "Entries that wait, at their worst moment, and requests under way", lines: [
    { label: "Queued", unit: "", of: (point) => point.queued_most },
    { label: "Under way", unit: "", of: (point) => point.in_flight },
  ] },
  { title: "CPU", about: "Cores that all processes used", lines: [{ label: "CPU", unit: "", of: (point) => point.cpu, kind: "area" }] },
  { title: "Memory", about: "Of all processes", lines: [{ label: "Memory", unit: "MiB", of: (point) => scaled(point.memory, MIB) }] },
  { title: "Disk", about: "Room that is left, and the size of the database", lines: [
    { label: "Free", unit: "GiB", of: (point) => scaled(point.disk_free, GIB) },
    { label: "Database", unit: "MiB", of: (point) => scaled(point.database_bytes, MIB) },
  ] },
]

/** A panel's lines over the given spans. */
export function seriesOf(panel: Panel, spans: readonly (Point | { at: string })[]): Series[] {
  return panel.lines.map((line) => ({
    label: line.label,
    unit: line.unit,
    ...(line.kind ? { kind: line.kind } : {}),
    values: spans.map((span) => ("requests" in span ? (line.of(span) ?? null) : null)),
  }))
}

/** Whether a panel has nothing to draw: nobody asked the cache, say. Axes alone would look like zeros. */
export function isEmpty(panel: Panel, spans: readonly (Point | { at: string })[]): boolean {
  return seriesOf(panel, spans).every((line) => line.values.every((value) => value === null))
}

/** Ticks after which a process that wrote nothing is taken for gone: one that lives writes each, a little late. */
const SILENT = 2

export interface Counted {
  /** Processes that serve, as far as is known: the one that answered is one of them. */
  count: number
  /** Why there may be more; "" where all are counted. */
  why: string
}

/**
 * How many processes serve. A process tells of itself a tick after its start, one that is gone is listed for a while,
 * and none is where figures are off: what is not known yet is said to be so, and is never a zero.
 */
export function workersOf(about: About): Counted {
  const every = about.statistics_every
  if (every === 0) return { count: 1, why: "not counted: statistics_every is 0" }
  const lively = about.workers.filter((worker) => !isSilent(about, worker))
  if (lively.some((worker) => worker.id === about.process.id)) return { count: lively.length, why: "" }
  const why = isFresh(about) ? `first figures within ${formatSeconds(every)}` : "the others are not known now"
  return { count: 1, why }
}

/** Whether a process has written no figures for so long that it is gone, or too busy to. */
export function isSilent(about: About, worker: About["workers"][number]): boolean {
  return Date.parse(about.now) - Date.parse(worker.seen_at) > SILENT * 1000 * about.statistics_every
}

/** Whether the process that answered began so lately that it need not have written figures. */
const isFresh = (about: About): boolean => Date.parse(about.now) - Date.parse(about.process.started_at) < SILENT * 1000 * about.statistics_every
