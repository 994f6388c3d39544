import { describe, expect, it } from "vitest"
import { dotsOfBuckets, dotsOfPoints, gapOfPoints, merge, type Bucket, type Line } from "@/pages/telemetry/merging"
import { lonely, nearest, scaleOf, spread, unitsOf } from "@/parts/plotting"

const at = (second: number): string => new Date(second * 1000).toISOString()
const line = (dots: [number, number][], gap = Infinity, unit = "V"): Line => ({ label: "a", unit, gap, dots: dots.map(([second, value]) => ({ at: second * 1000, value })) })

describe("gaps", () => {
  it("of regular points are where several are missing", () => {
    const points = [...Array(50).keys()].filter((second) => second < 20 || second > 26).map((second) => ({ timestamp: at(second), value: 1 }))
    const { dots, gap } = dotsOfPoints(points)
    expect(gap).toBe(4000)
    expect(merge([{ label: "a", unit: "V", dots, gap }]).series[0]!.values.filter((value) => value === null)).toHaveLength(1)
  })

  it("are not told from two or three points", () => {
    expect(gapOfPoints([0, 1, 1000])).toBe(Infinity)
  })

  const buckets = (counts: number[]): Bucket[] => counts.map((count, second) => ({
    timestamp: at(second), count, ...(count ? { avg: 2, min: 1, max: 3, last: 2 } : { avg: null, min: null, max: null, last: null }),
  }))

  it("of full buckets are one that is empty", () => {
    const made = dotsOfBuckets(buckets([20, 20, 0, 20, 20]))
    expect(made.dots.map((dot) => dot.at)).toEqual([500, 1500, 3500, 4500])
    expect(merge([{ label: "a", unit: "V", ...made }]).series[0]!.values).toEqual([2, 2, null, 2, 2])
  })

  it("of buckets narrower than measurements are apart are many in a row", () => {
    const counts = [...Array(400).keys()].map((second) => (second % 4 === 0 && !(second > 200 && second < 300) ? 1 : 0))
    const values = merge([{ label: "a", unit: "V", ...dotsOfBuckets(buckets(counts)) }]).series[0]!.values
    expect(values.filter((value) => value === null)).toHaveLength(1)
    expect(values.filter((value) => value === 2)).toHaveLength(counts.filter(Boolean).length)
  })

  it("of nothing are none", () => {
    expect(dotsOfBuckets(buckets([0, 0]))).toMatchObject({ dots: [] })
    expect(dotsOfBuckets([])).toMatchObject({ dots: [] })
    expect(dotsOfPoints([])).toMatchObject({ dots: [] })
  })
})

describe("lines on one axis", () => {
  it("have no point where only another line has one", () => {
    const merged = merge([line([[1, 10], [3, 30]]), line([[2, 5], [3, 6]], Infinity, "A")])
    expect(merged.x).toEqual([1, 2, 3])
    expect(merged.series.map((one) => one.values)).toEqual([[10, undefined, 30], [undefined, 5, 6]])
    expect(merged.series.map((one) => one.unit)).toEqual(["V", "A"])
  })

  it("have gaps as long as they are, though other lines have points there", () => {
    const merged = merge([line([[0, 1], [9, 1], [10, 1]], 5000), line([[1, 2], [2, 2], [8, 2]])])
    expect(merged.x).toEqual([0, 1, 2, 4.5, 8, 9, 10])
    expect(merged.series[0]!.values).toEqual([1, null, null, null, null, 1, 1])
  })

  it("keep the gaps of each apart", () => {
    const merged = merge([line([[0, 1], [1, 1], [9, 1]], 5000), line([[0, 2], [9, 2]])])
    expect(merged.x).toEqual([0, 1, 5, 9])
    expect(merged.series[0]!.values).toEqual([1, 1, null, 1])
    expect(merged.series[1]!.values).toEqual([2, undefined, undefined, 2])
  })

  it("have a band where their dots have one", () => {
    const banded: Line = { label: "b", unit: "V", gap: Infinity, dots: [{ at: 0, value: 2, low: 1, high: 3 }] }
    const [first, second] = merge([banded, line([[0, 1]])]).series
    expect([first!.low, first!.high]).toEqual([[1], [3]])
    expect(second!.low).toBeUndefined()
  })

  it("are none of nothing", () => {
    expect(merge([])).toEqual({ x: [], series: [] })
    expect(merge([line([])])).toMatchObject({ x: [], series: [{ values: [] }] })
  })

  it("agree with a lookup, whatever the times are", () => {
    let seed = 7
    const chance = (most: number): number => (seed = (seed * 48271) % 2147483647) % most
    const lines = [...Array(4).keys()].map(() => line([...new Set([...Array(60).keys()].map(() => chance(200)))].sort((a, b) => a - b).map((second) => [second, chance(9)])))
    const { x, series } = merge(lines)
    expect(x).toEqual([...new Set(lines.flatMap((one) => one.dots.map((dot) => dot.at / 1000)))].sort((a, b) => a - b))
    lines.forEach((one, number) => expect(x.map((second) => one.dots.find((dot) => dot.at === second * 1000)?.value)).toEqual(series[number]!.values))
  })
})

describe("plotting", () => {
  it("finds points that no line leads to", () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5])
    expect(lonely([undefined, 1, undefined])).toEqual([1])
    expect(lonely([1, undefined, 2])).toEqual([])
    expect(lonely([null, undefined])).toEqual([])
  })

  it("reads the nearest point of a series, and a gap as a gap", () => {
    expect(nearest([1, undefined, undefined, 4], 1)).toBe(0)
    expect(nearest([1, undefined, undefined, 4], 2)).toBe(3)
    expect(nearest([1, null, 2], 1)).toBeNull()
    expect(nearest([], 0)).toBeNull()
  })

  it("gives each unit a scale", () => {
    const series = [{ label: "a", unit: "V", values: [] }, { label: "b", unit: "A", values: [] }, { label: "c", unit: "V", values: [] }]
    expect(unitsOf(series)).toEqual(["V", "A"])
    expect(series.map((one) => scaleOf(series, one.unit))).toEqual(["y0", "y1", "y0"])
  })
})

describe("the room of an axis", () => {
  it("ends at 100 % where no share is more", () => {
    expect(spread(100, 100, "%")).toEqual([0, 100])
    expect(spread(0, 0, "%")[0]).toBe(0)
    expect(spread(96, 100, "%")[1]).toBe(100)
    expect(spread(40, 60, "%")[1]).toBeLessThan(100)
  })

  it("goes beyond where values do, or where they are no shares", () => {
    expect(spread(90, 120, "%")[1]).toBeGreaterThan(120)
    expect(spread(-5, 50, "%")[0]).toBeLessThan(-5)
    expect(spread(100, 100, "")[1]).toBe(200)
  })
})
