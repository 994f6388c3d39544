import { describe, expect, it } from "vitest"
import { parseJson } from "@/api/lossless"
import { balanceOverTime, readAmount, signOf, type Transaction } from "@/pages/ledger/entries"

describe("an amount", () => {
  it.each([
    ["1250", 1250n],
    [" -5 ", -5n],
    ["+7", 7n],
    ["−7", -7n],
    ["1 000", 1000n],
    ["0", 0n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ["-9223372036854775808", -(2n ** 63n)],
  ])("%j", (text, expected) => {
    expect(readAmount(text)).toBe(expected)
  })
  it.each(["", "1.5", "abc", "1e3", "9223372036854775808", "-9223372036854775809", "--1"])("%j is refused", (text) => {
    expect(readAmount(text)).toEqual(expect.any(String))
  })
  it.each(["0", "-1"])("%j is refused where it has to be above zero", (text) => {
    expect(readAmount(text, { positive: true })).toBe("Above zero")
  })
})

it("knows signs beyond what a double holds", () => {
  expect([signOf(parseJson("9007199254740993")), signOf(-1), signOf(0), signOf(null)]).toEqual([1, -1, 0, 0])
})

it("turns a statement into a balance over time, oldest first", () => {
  const entry = (created_at: string, balance: unknown): Transaction => ({ transaction_id: "t", account_id: "a", amount: 1, created_at, sequence: 1, balance, transfer_id: null, reverses: null })
  const points = balanceOverTime([entry("2026-05-01T00:00:02Z", parseJson("9007199254740993")), entry("2026-05-01T00:00:01Z", 5)])
  expect(points).toEqual({ x: [1777593601, 1777593602], values: [5, 9007199254740992] })
  expect(balanceOverTime([])).toEqual({ x: [], values: [] })
})
