import { beforeAll, describe, expect, it, vi } from "vitest"
import { parseJson } from "@/api/lossless"
import { formatBytes, formatFigure, formatInstant, formatMoney, formatNumber, formatSeconds, formatShare, formatUtc } from "@/design/format"

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ")

beforeAll(() => void vi.spyOn(navigator, "language", "get").mockReturnValue("en-US"))

describe("numbers", () => {
  it.each([
    [1234567, "1,234,567"],
    [0.125, "0.125"],
    [parseJson("9007199254740993"), "9,007,199,254,740,993"],
    [parseJson("-9223372036854775808"), "-9,223,372,036,854,775,808"],
    [null, "–"],
    [undefined, "–"],
    ["", "–"],
  ])("%s", (value, expected) => {
    expect(plain(formatNumber(value))).toBe(expected)
  })
})

describe("money from minor units", () => {
  it.each([
    [4136, "USD", "$41.36"],
    [4136, "EUR", "€41.36"],
    [5, "EUR", "€0.05"],
    [-29979, "USD", "-$299.79"],
    [1500, "JPY", "¥1,500"],
    [0, "EUR", "€0.00"],
    [parseJson("9223372036854775807"), "EUR", "€92,233,720,368,547,758.07"],
  ])("%s %s", (minor, currency, expected) => {
    expect(plain(formatMoney(minor, currency))).toBe(expected)
  })

  it("is a dash without an amount", () => {
    expect(formatMoney(null, "EUR")).toBe("–")
  })
})

it.each([
  [0, "0 B"],
  [1023, "1,023 B"],
  [1536, "1.5 KiB"],
  [5 * 1024 ** 3, "5 GiB"],
  [null, "–"],
])("%s bytes", (bytes, expected) => {
  expect(plain(formatBytes(bytes))).toBe(expected)
})

it.each([
  [0.00025, "250 µs"],
  [0.012, "12 ms"],
  [3.25, "3.25 s"],
  [240, "4 min"],
  [7200, "2 h"],
  [259_200, "3 d"],
  [null, "–"],
])("%s seconds", (seconds, expected) => {
  expect(plain(formatSeconds(seconds))).toBe(expected)
})

it("writes shares and times", () => {
  expect([formatShare(0.125), formatShare(null)]).toEqual(["12.5%", "–"])
  expect([0, 0.0004, 0.0005, 0.9994, 0.9995, 1].map(formatShare)).toEqual(["0%", "< 0.1%", "0.1%", "99.9%", "> 99.9%", "100%"])
  expect(formatUtc("2026-05-01T12:30:00.123456Z")).toBe("2026-05-01 12:30:00.123456 UTC")
  expect(formatInstant("no time")).toBe("no time")
  expect(formatInstant("2026-05-01T12:30:00Z")).toContain("2026")
})

it("tells a little as a little, and none as none", () => {
  expect([formatFigure(0, 2), formatFigure(0.003, 2), formatFigure(0.006, 2), formatFigure(1.25, 1), formatFigure(0.04, 1)]).toEqual(["0", "< 0.01", "0.01", "1.3", "< 0.1"])
})
