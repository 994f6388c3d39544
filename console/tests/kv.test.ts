import { describe, expect, it } from "vitest"
import { faultOfKey, fitsInPlace, pathOf, readTtl, secondsLeft, tagOf } from "@/pages/kv/entries"

describe("a key", () => {
  it.each(["a", "a/b", "a/.b", "a/...", "ä ö", "x".repeat(255), "😀".repeat(255)])("%j is good", (key) => {
    expect(faultOfKey(key)).toBeUndefined()
  })
  it.each(["", "/a", "a/", "a//b", ".", "..", "a/./b", "a/../b", "a\u0000", "a\u007f", "a\u0085", "x".repeat(256)])("%j is refused", (key) => {
    expect(faultOfKey(key)).toEqual(expect.any(String))
  })
  it("is escaped whole", () => {
    expect(pathOf("a/b c?#%")).toBe("/kv/a%2Fb%20c%3F%23%25")
    expect(tagOf(7)).toBe('"7"')
  })
})

describe("time to live", () => {
  it.each([
    ["", undefined],
    [" ", undefined],
    ["60", 60],
  ])("%j", (text, expected) => {
    expect(readTtl(text)).toBe(expected)
  })
  it.each(["0", "-1", "1.5", "x"])("%j is refused", (text) => {
    expect(readTtl(text)).toEqual(expect.any(String))
  })
  it("is what is left, at least a second", () => {
    const now = Date.parse("2026-05-01T12:00:00Z")
    expect(secondsLeft(null, now)).toBeUndefined()
    expect(secondsLeft("2026-05-01T12:01:00Z", now)).toBe(60)
    expect(secondsLeft("2026-05-01T11:00:00Z", now)).toBe(1)
  })
})

it("edits short values in place", () => {
  expect([fitsInPlace("a"), fitsInPlace("a".repeat(3000))]).toEqual([true, false])
})
