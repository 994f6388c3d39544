import { expect, it } from "vitest"
import { isEmpty, isSilent, panels, secondsOf, seriesOf, withGaps, workersOf, type About, type Point } from "@/pages/overview/figures"

const point = (at: string, change: Partial<Point> = {}): Point => ({
  at, seconds: 10, processes: 1, requests: 100, requests_per_second: 10, refused: 0, errors: 2, error_rate: 0.02, latency_ms: { mean: 1, p50: 1, p90: 2, p99: 3 },
  cache_hits: 3, cache_misses: 1, cache_hit_rate: 0.75, cache_entries: 1, cache_bytes: 1, flights: 1, flight_items: 4, flight_size: 4, shed: 0, database_errors: 0, skipped: 0,
  in_flight: 1, queued: 0, queued_most: 5, connections: 1, subscribers: 0, cpu: 0.5, memory: 64 * 1024 ** 2, disk_free: 10 * 1024 ** 3, disk_size: 20 * 1024 ** 3, database_bytes: 1024 ** 2, ...change,
})

it("shows a time without figures as a gap", () => {
  const spans = withGaps([point("2026-05-01T00:00:00Z"), point("2026-05-01T00:00:10Z"), point("2026-05-01T00:10:00Z")], 10)
  expect(spans.map((span) => span.at)).toEqual(["2026-05-01T00:00:00Z", "2026-05-01T00:00:10Z", "2026-05-01T00:00:20.000Z", "2026-05-01T00:10:00Z"])
  expect(seriesOf(panels[0]!, spans)[0]!.values).toEqual([10, 10, null, 10])
  expect(withGaps([], 10)).toEqual([])
})

it("draws every panel, and nulls where nothing happened", () => {
  const quiet = point("2026-05-01T00:00:00Z", { latency_ms: null, cache_hit_rate: null, flight_size: null })
  const values = Object.fromEntries(panels.flatMap((panel) => seriesOf(panel, [point("2026-05-01T00:00:00Z"), quiet]).map((line) => [line.label, line.values])))
  expect(values).toMatchObject({ Requests: [10, 10], Errors: [0.2, 0.2], p99: [3, null], "Hit rate": [75, null], "Items per flight": [4, null], CPU: [0.5, 0.5], Memory: [64, 64], Free: [10, 10], Database: [1, 1], Queued: [5, 5] })
})

it("tells of a panel that has nothing to draw", () => {
  const quiet = point("2026-05-01T00:00:00Z", { cache_hit_rate: null })
  const cache = panels.find((panel) => panel.title === "Cache")!
  expect([isEmpty(cache, [quiet]), isEmpty(cache, []), isEmpty(cache, [quiet, point("2026-05-01T00:00:10Z")]), isEmpty(panels[0]!, [quiet])]).toEqual([true, true, false, false])
})

it("knows its ranges", () => {
  expect([secondsOf("15m"), secondsOf("30d"), secondsOf("nonsense")]).toEqual([900, 2_592_000, 3600])
})

const NOW = Date.parse("2026-05-01T12:00:00Z")
const ago = (seconds: number): string => new Date(NOW - 1000 * seconds).toISOString()
const own = { id: "a", node: "n", pid: 1, started_at: ago(600) }
const worker = (id: string, seen: number): About["workers"][number] => ({
  id, node: "n", pid: 1, started_at: ago(600), seen_at: ago(seen), requests_per_second: 0, errors: 0, in_flight: 0, connections: 0, subscribers: 0, queued: 0, cpu: 0, memory: 0,
})
const about = (workers: About["workers"], change: Partial<About> = {}): About => ({
  name: "Roadbed", version: "1", python: "3", environment: "development", engine: "sqlite", now: ago(0), started_at: ago(600), statistics_every: 10, process: own, domains: [], workers,
  health: { status: "ready", components: {} }, ...change,
})

it("counts the process that answered before it has told of itself", () => {
  const fresh = about([], { process: { ...own, started_at: ago(3) } })
  expect(workersOf(fresh)).toEqual({ count: 1, why: "first figures within 10 s" })
  // A service that was begun anew: what the one before it wrote is no worker of this one.
  expect(workersOf({ ...fresh, workers: [worker("old", 5)] })).toEqual({ count: 1, why: "first figures within 10 s" })
})

it("never takes what is not known for none", () => {
  expect(workersOf(about([]))).toEqual({ count: 1, why: "the others are not known now" })
  expect(workersOf(about([], { statistics_every: 0 }))).toEqual({ count: 1, why: "not counted: statistics_every is 0" })
})

it("counts who writes, and nobody who is gone", () => {
  expect(workersOf(about([worker("a", 11), worker("b", 2)]))).toEqual({ count: 2, why: "" })
  expect(workersOf(about([worker("a", 11), worker("b", 25)]))).toEqual({ count: 1, why: "" })
  expect([12, 21].map((seen) => isSilent(about([]), worker("b", seen)))).toEqual([false, true])
})
