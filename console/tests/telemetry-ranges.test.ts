import { describe, expect, it } from "vitest"
import { fromInput, instantOf, iso, lengthOf, millisAfter, possible, PRESETS, spanOf, toInput, wanted } from "@/pages/telemetry/span"
import { readView, writeView, type View } from "@/pages/telemetry/view"
import { bounded, panned, zoomed } from "@/parts/ranges"

describe("ranges", () => {
  it("zooms around a point that stays", () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 20)).toEqual({ from: 10, to: 60 })
    expect(zoomed({ from: 0, to: 100 }, 2)).toEqual({ from: -50, to: 150 })
  })

  it("comes back where it was", () => {
    const back = zoomed(zoomed({ from: 3, to: 8 }, 1.7, 4), 1 / 1.7, 4)
    expect(back.from).toBeCloseTo(3, 9)
    expect(back.to).toBeCloseTo(8, 9)
  })

  it("moves by a share of its width", () => {
    expect(panned({ from: 10, to: 20 }, 0.5)).toEqual({ from: 15, to: 25 })
    expect(panned({ from: 10, to: 20 }, -1)).toEqual({ from: 0, to: 10 })
  })

  it("keeps within bounds, and its width where it can", () => {
    const within = { from: 0, to: 100 }
    const good = { from: 10, to: 20 }
    expect(bounded(good, 1, within)).toBe(good)
    expect(bounded({ from: -5, to: 5 }, 1, within)).toEqual({ from: 0, to: 10 })
    expect(bounded({ from: 95, to: 105 }, 1, within)).toEqual({ from: 90, to: 100 })
    expect(bounded({ from: 50, to: 50 }, 4, within)).toEqual({ from: 48, to: 52 })
    expect(bounded({ from: -900, to: 900 }, 1, within)).toEqual(within)
  })
})

describe("spans", () => {
  const LAST = Date.parse("2021-11-30T23:59:00Z")

  it("end with the last measurement", () => {
    expect(wanted("1h", undefined, undefined, LAST)).toEqual({ from: LAST - 3_600_000, to: LAST })
    expect(wanted("90.5s", undefined, undefined, LAST)).toEqual({ from: LAST - 90_500, to: LAST })
  })

  it("are open where everything is asked for, or nothing was measured", () => {
    expect(wanted("all", undefined, undefined, LAST)).toEqual({})
    expect(wanted("1h", undefined, undefined, undefined)).toEqual({})
  })

  it("count only where no end is given", () => {
    expect(wanted("1h", 5, undefined, LAST)).toEqual({ from: 5 })
    expect(wanted("1h", 5, 9, LAST)).toEqual({ from: 5, to: 9 })
  })

  it.each(PRESETS.map((preset) => [preset.name, preset.length] as const))("%s has a name and a length", (name, length) => {
    expect(lengthOf(name)).toBe(length)
    expect(spanOf(length)).toBe(name)
  })

  it("have a name for any length", () => {
    expect(spanOf(90_500)).toBe("90.5s")
    expect(lengthOf("90.5s")).toBe(90_500)
    expect(lengthOf(spanOf(0.2))).toBe(10)
  })

  it.each(["", "x", "0s", "-5s", "1e9s", "5"])("%j is none", (text) => expect(lengthOf(text)).toBeUndefined())

  it("may be no shorter than ten milliseconds, and within the time that the service knows", () => {
    expect(possible({ from: LAST, to: LAST })).toEqual({ from: LAST - 5, to: LAST + 5 })
    const ever = possible({ from: -1e15, to: 1e15 })
    expect([iso(ever.from), iso(ever.to)]).toEqual(["0001-01-03T00:00:00.000Z", "9999-12-29T00:00:00.000Z"])
  })
})

describe("instants", () => {
  it("of the service have microseconds: the millisecond after holds them", () => {
    expect(millisAfter("2021-11-07T23:59:03.762999Z")).toBe(Date.parse("2021-11-07T23:59:03.763Z"))
  })

  it("go into an input in the viewer's zone, and come back", () => {
    const instant = new Date(2021, 10, 7, 5, 6, 7).getTime()
    expect(toInput(instant)).toBe("2021-11-07T05:06:07")
    expect(fromInput(toInput(instant))).toBe(instant)
    expect(toInput(undefined)).toBe("")
    expect(fromInput("")).toBeUndefined()
  })

  it("that are none are left out", () => {
    expect(instantOf("yesterday")).toBeUndefined()
    expect(iso(undefined)).toBeUndefined()
  })
})

describe("the view in the URL", () => {
  const USUAL: View = { signals: undefined, span: "all", from: undefined, to: undefined, method: "buckets", live: false, threshold: "", side: "above", on: undefined }

  it("is empty where all is as usual", () => {
    expect(readView({})).toEqual(USUAL)
    expect(writeView(USUAL)).toEqual({})
  })

  it("comes back as it was", () => {
    const view: View = {
      signals: ["427038", "-9007199254740993"], span: "all", from: Date.parse("2021-11-07T00:00:00Z"), to: Date.parse("2021-11-08T00:00:00.5Z"),
      method: "lttb", live: true, threshold: "-1.5e3", side: "below", on: "427038",
    }
    expect(readView(writeView(view))).toEqual(view)
    expect(readView(writeView({ ...view, from: undefined, to: undefined, span: "7d" })).span).toBe("7d")
  })

  it("knows nobody's choice from the choice of none", () => {
    expect(readView(writeView({ ...USUAL, signals: [] })).signals).toEqual([])
  })

  it("leaves out what is malformed", () => {
    expect(readView({ signals: "1,x,1,,2.5,3", span: "9y", from: "soon", to: ["a"], method: "mean", live: "yes", threshold: "1,5", side: "beside", on: "x" })).toEqual({ ...USUAL, signals: ["1", "3"] })
  })

  it("holds no more signals than one chart does", () => {
    expect(readView({ signals: Array.from({ length: 40 }, (_, at) => at).join() }).signals).toHaveLength(12)
  })
})
