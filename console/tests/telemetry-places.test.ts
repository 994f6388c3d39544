import { describe, expect, it } from "vitest"
import { ago } from "@/pages/telemetry/ago"
import { boxOf } from "@/pages/telemetry/borders"
import { bound, closer, CLOSEST, dragged, fit, graticule, graticuleStep, placeLabels, projectionOf, scaleBar, WIDEST } from "@/pages/telemetry/geography"
import { LARGEST, refusal, typeOf } from "@/pages/telemetry/ingesting"
import { matches } from "@/pages/telemetry/model"
import { timeLabels } from "@/parts/timeAxis"

const SIZE = { width: 900, height: 420 }
const BEZNAU = { latitude: 47.5568277613, longitude: 8.2338560914 }
const SYDNEY = { latitude: -33.87, longitude: 151.21 }
const pixel = (look: Parameters<typeof projectionOf>[0], place: typeof BEZNAU): number[] => projectionOf(look, SIZE).clipExtent(null)([place.longitude, place.latitude])!

describe("the map", () => {
  it.each([[[BEZNAU]], [[BEZNAU, SYDNEY]], [[BEZNAU, { latitude: 47.4, longitude: 8.6 }]]])("has all assets in sight", (places) => {
    const look = fit(places, SIZE)
    for (const place of places) {
      const [x, y] = pixel(look, place)
      expect(x).toBeGreaterThan(40)
      expect(x).toBeLessThan(SIZE.width - 40)
      expect(y).toBeGreaterThan(40)
      expect(y).toBeLessThan(SIZE.height - 40)
    }
  })

  it("shows the world where there is no asset, and what is around a lone one", () => {
    expect(pixel(fit([], SIZE), { latitude: 0, longitude: 179 })[0]).toBeLessThan(SIZE.width + 60)
    expect(scaleBar(fit([BEZNAU], SIZE)).metres).toBe(20_000)
  })

  it("zooms around the point under the pointer", () => {
    const look = fit([BEZNAU, SYDNEY], SIZE)
    const [x, y] = pixel(look, BEZNAU)
    const near = pixel(closer(look, 3, SIZE, x, y), BEZNAU)
    expect(near[0]).toBeCloseTo(x!, 6)
    expect(near[1]).toBeCloseTo(y!, 6)
    expect(closer(look, 1e9, SIZE).scale).toBe(CLOSEST)
    expect(closer(look, 1e-9, SIZE).scale).toBe(WIDEST)
  })

  it("follows a drag by as many pixels", () => {
    const look = fit([BEZNAU], SIZE)
    const [before, after] = [pixel(look, BEZNAU), pixel(dragged(look, 30, -20), BEZNAU)]
    expect(after[0]! - before[0]!).toBeCloseTo(30, 6)
    expect(after[1]! - before[1]!).toBeCloseTo(-20, 6)
  })

  it("goes round the world, and ends near the poles", () => {
    expect(bound({ longitude: 190, latitude: 89, scale: 100 })).toEqual({ longitude: -170, latitude: 84, scale: 100 })
  })

  it("has a scale of a round length that is true", () => {
    const look = { longitude: 0, latitude: 60, scale: 10_000 }
    const { metres, pixels } = scaleBar(look)
    const [from, to] = [pixel(look, { longitude: 0, latitude: 60 }), pixel(look, { longitude: (metres / (111_195 * 0.5)), latitude: 60 })]
    expect(to[0]! - from[0]!).toBeCloseTo(pixels, 1)
    expect(String(metres)).toMatch(/^[125]0*$/)
    expect(pixels).toBeLessThanOrEqual(120)
  })

  it("has a graticule of a handful of lines", () => {
    expect(graticuleStep({ longitude: 0, latitude: 0, scale: 900 / (2 * Math.PI) }, SIZE)).toBe(45)
    expect(graticuleStep(fit([BEZNAU], SIZE), SIZE)).toBe(0.5)
  })

  it("draws of the graticule what is in sight, however close", () => {
    for (const scale of [WIDEST, 900 / (2 * Math.PI), 20_000, CLOSEST]) {
      const lines = graticule({ ...BEZNAU, scale }, SIZE)
      expect(lines.length).toBeGreaterThan(4)
      expect(lines.length).toBeLessThan(40)
      for (const [x, y] of lines.flatMap((line) => [line.from, line.to])) {
        expect(Math.abs(x - SIZE.width / 2)).toBeLessThan(SIZE.width / 2 + 1)
        expect(Math.abs(y - SIZE.height / 2)).toBeLessThan(SIZE.height / 2 + 1)
      }
    }
  })

  it("draws each line of the graticule where its degree is", () => {
    const look = fit([BEZNAU], SIZE)
    const lines = graticule(look, SIZE)
    const [x, y] = pixel(look, { latitude: 47.5, longitude: 8 }) as [number, number]
    const straight = lines.filter((line) => Math.abs(line.from[0] - x) < 1e-6 && Math.abs(line.to[0] - x) < 1e-6)
    expect(straight.map((line) => [line.from[1], line.to[1]])).toEqual([[expect.closeTo(SIZE.height), expect.closeTo(0)]])
    const level = lines.filter((line) => Math.abs(line.from[1] - y) < 1e-6 && Math.abs(line.to[1] - y) < 1e-6)
    expect(level.map((line) => [line.from[0], line.to[0]])).toEqual([[expect.closeTo(0), expect.closeTo(SIZE.width)]])
  })

  it("ends the graticule where the world ends", () => {
    const look = { longitude: 179, latitude: 80, scale: 300 }
    const [least, most] = [-180, 180].map((longitude) => pixel(look, { latitude: 80, longitude })[0]!)
    const top = pixel(look, { latitude: 84, longitude: 179 })[1]!
    for (const [x, y] of graticule(look, SIZE).flatMap((line) => [line.from, line.to])) {
      expect(x).toBeGreaterThanOrEqual(least! - 1e-6)
      expect(x).toBeLessThanOrEqual(most! + 1e-6)
      expect(y).toBeGreaterThanOrEqual(top - 1e-6)
    }
  })

  it("knows in which box a country lies", () => {
    const ring = [[6, 46], [10, 45.8], [9, 47.8], [6, 46]]
    const island = [[-61, 14], [-60, 14], [-60, 15], [-61, 14]]
    expect(boxOf({ type: "Polygon", coordinates: [ring] })).toEqual([[6, 45.8], [10, 47.8]])
    expect(boxOf({ type: "MultiPolygon", coordinates: [[ring], [island]] })).toEqual([[-61, 14], [10, 47.8]])
  })

  it("lays labels where none hides another", () => {
    const alone = [{ x: 100, y: 100, text: "alone" }]
    expect(placeLabels(alone, SIZE)).toEqual(["right"])
    expect(placeLabels([{ x: SIZE.width - 5, y: 100, text: "at the edge" }], SIZE)).toEqual(["left"])
    expect(placeLabels([{ x: 100, y: 100, text: "one" }, { x: 125, y: 100, text: "two" }], SIZE)).toEqual(["left", "right"])
    const crowd = Array.from({ length: 30 }, () => ({ x: 400, y: 200, text: "the same place" }))
    expect(placeLabels(crowd, SIZE).filter((where) => where === "none").length).toBeGreaterThan(25)
  })
})

describe("ages", () => {
  const NOW = Date.parse("2026-11-21T12:00:00Z")
  it.each([
    ["2026-11-21T11:59:58Z", "2 seconds ago"], ["2026-11-21T11:58:01Z", "1 minute ago"], ["2026-11-21T09:00:00Z", "3 hours ago"],
    ["2026-11-20T11:00:00Z", "yesterday"], ["2026-08-01T00:00:00Z", "3 months ago"], ["2021-11-20T00:00:00Z", "5 years ago"],
    ["2026-11-21T12:00:00.400Z", "now"], [undefined, ""],
  ])("%s is %s", (instant, said) => expect(ago(instant, NOW, "en")).toBe(said))
})

describe("labels of the time axis", () => {
  const start = Date.parse("2021-11-07T22:00:00Z") / 1000
  const labels = (every: number, count = 3): string[] => timeLabels(Array.from({ length: count }, (_, at) => start + at * every), every, "en-GB", "UTC")

  it("name the day once", () => expect(labels(3600, 4)).toEqual(["22:00\n7 Nov", "23:00", "00:00\n8 Nov", "01:00"]))
  it("show seconds, and parts of them, where they are near", () => {
    expect(labels(10, 2)).toEqual(["22:00:00\n7 Nov", "22:00:10"])
    expect(labels(0.5, 2)).toEqual(["22:00:00.000\n7 Nov", "22:00:00.500"])
  })
  it("are days, months, years where these are apart", () => {
    expect(labels(86_400 * 30, 4)).toEqual(["Nov\n2021", "Dec", "Jan\n2022", "Feb"])
    expect(labels(86_400, 2)).toEqual(["7 Nov\n2021", "8 Nov"])
    expect(labels(86_400 * 366, 2)).toEqual(["2021", "2022"])
  })
})

describe("files to import", () => {
  it("are known by the end of their names", () => {
    expect(["a.csv", "A.CSV", "b.ndjson", "c.json", "d.xlsx", "csv"].map(typeOf)).toEqual(["text/csv", "text/csv", "application/x-ndjson", "application/json", undefined, "text/csv"])
  })

  it("are refused before they are sent in vain", () => {
    expect(refusal({ name: "a.csv", size: 5 })).toBeUndefined()
    expect(refusal({ name: "a.pdf", size: 5 })).toContain(".csv")
    expect(refusal({ name: "a.csv", size: 0 })).toContain("empty")
    expect(refusal({ name: "a.csv", size: LARGEST + 1 })).toContain("64 MiB")
  })
})

describe("the filter", () => {
  const asset = { asset_id: "1", latitude: 0, longitude: 0, description: "UW Beznau", signals: [{ signal_gid: "", signal_id: "427038", signal_name: "BEZOBF110", asset_id: "1", unit: "kV" }] }
  it.each([["beznau", true], ["427", true], ["KV uw", true], ["breite", false], ["beznau mw", false]])("%s: %s", (search, found) => expect(matches(asset, search)).toBe(found))
})
