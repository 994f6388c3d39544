import { describe, expect, it } from "vitest"
import { asText, parseJson, sameJson, toBigInt, writeJson } from "@/api/lossless"

describe("numbers come back as they went", () => {
  const texts = ["0", "-1", "0.25", "9007199254740991", "9007199254740993", "-9223372036854775808", "1.0", "1.10", "1e400", "1E5", "0.1000000000000000055", "123456789012345678901234567890"]
  it.each(texts)("%s", (text) => {
    expect(writeJson(parseJson(text))).toBe(text)
    expect(writeJson(parseJson(`{"a":[${text},{"b":${text}}]}`))).toBe(`{"a":[${text},{"b":${text}}]}`)
  })

  it("gives plain numbers where a double is exact", () => {
    expect(parseJson("[1,0.5,-3]")).toEqual([1, 0.5, -3])
  })

  it("writes bigints by their digits", () => {
    expect(writeJson({ amount: 2n ** 63n - 1n })).toBe('{"amount":9223372036854775807}')
  })

  it("indents", () => {
    expect(writeJson(parseJson('{"a":9007199254740993}'), 2)).toBe('{\n  "a": 9007199254740993\n}')
  })

  it.each(["", "{", "[1,]", "nul", '{"a":1,}', "01", "+1", "'a'"])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })
})

describe("toBigInt", () => {
  it.each([
    [5, 5n],
    [7n, 7n],
    [parseJson("9007199254740993"), 9007199254740993n],
    [parseJson("-9223372036854775808"), -9223372036854775808n],
    [1.5, undefined],
    [parseJson("1.0"), undefined],
    ["5", undefined],
    [null, undefined],
    [1e21, undefined],
  ])("%s", (value, expected) => {
    expect(toBigInt(value)).toBe(expected)
  })
})

describe("asText", () => {
  it.each([
    [null, ""],
    [undefined, ""],
    ["text", "text"],
    [true, "true"],
    [0, "0"],
    [parseJson("9007199254740993"), "9007199254740993"],
    [[1, "a"], '[1,"a"]'],
    [{ a: null }, '{"a":null}'],
  ])("%j", (value, expected) => {
    expect(asText(value)).toBe(expected)
  })
})

describe("sameJson", () => {
  it.each([
    ["1", "1", true],
    ["9007199254740993", "9007199254740993", true],
    ["9007199254740993", "9007199254740992", false],
    ['{"a":1,"b":[2]}', '{"b":[2],"a":1}', true],
    ['{"a":1}', '{"a":1,"b":null}', false],
    ['{"a":1}', '{"b":1}', false],
    ["[1,2]", "[2,1]", false],
    ["[1]", "[1,2]", false],
    ["[]", "{}", false],
    ["null", "{}", false],
    ["null", "null", true],
    ['"1"', "1", false],
  ])("%s and %s", (left, right, same) => {
    expect(sameJson(parseJson(left), parseJson(right))).toBe(same)
  })
})
