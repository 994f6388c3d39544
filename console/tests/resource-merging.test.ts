import { describe, expect, it } from "vitest"
import { parseJson } from "@/api/lossless"
import { chosen, differences, proposal } from "@/parts/merging"
import { Problem } from "@/api/problems"
import { refusalAt } from "@/parts/refusals"
import { books, lent, notes, pages, title } from "./resource-samples"

const fields = [title, pages, lent, notes]
const before = { title: "Solaris", pages: 204, lent: false, notes: "" }

describe("two people changed a row", () => {
  it("only what differs between their versions is asked for", () => {
    const found = differences(fields, before, { title: "Solaris!" }, { ...before, pages: 300 })
    expect(found.map((one) => [one.field.name, one.before, one.mine, one.theirs, one.clash])).toEqual([
      ["title", "Solaris", "Solaris!", "Solaris", false],
      ["pages", 204, 204, 300, false],
    ])
  })

  it("proposes each one's own changes, and writes those that were chosen as mine", () => {
    const changes = { title: "Solaris!" }
    const found = differences(fields, before, changes, { ...before, pages: 300 })
    expect(proposal(found, changes)).toEqual({ title: "mine", pages: "theirs" })
    expect(chosen(found, proposal(found, changes))).toEqual({ title: "Solaris!" })
    expect(chosen(found, { title: "theirs", pages: "mine" })).toEqual({ pages: 204 })
  })

  it("marks what both changed, unless to the same", () => {
    const [clash] = differences(fields, before, { title: "A" }, { ...before, title: "B" })
    expect(clash?.clash).toBe(true)
    expect(differences(fields, before, { title: "B" }, { ...before, title: "B" })).toEqual([])
  })

  it("tells numbers apart that a double cannot", () => {
    const big = parseJson('{"pages": 9007199254740993}') as Record<string, unknown>
    const other = parseJson('{"pages": 9007199254740992}') as Record<string, unknown>
    expect(differences([pages], big, {}, other)).toHaveLength(1)
    expect(differences([pages], big, {}, parseJson('{"pages": 9007199254740993}') as Record<string, unknown>)).toEqual([])
  })
})

describe("a refusal", () => {
  const invalid = (...pointers: string[]) => new Problem(400, "Invalid", "", "invalid", pointers.map((pointer) => ({ pointer, detail: `wrong ${pointer}` })))

  it("stands at its fields, and above them where it says more", () => {
    expect(refusalAt(books, fields, invalid("/title"))).toEqual({ faults: { title: "wrong /title" }, whole: false })
    expect(refusalAt(books, fields, invalid("/title", "/other"))).toEqual({ faults: { title: "wrong /title" }, whole: true })
    expect(refusalAt(books, fields, new Problem(503, "Busy", "", "busy"))).toEqual({ faults: {}, whole: true })
  })

  it("of a value that is taken stands at all fields that are unique together", () => {
    const about = { ...books, unique: [["title", "pages"]] }
    const taken = (names: string) => new Problem(409, "Conflict", `Another row has this ${names} already`, "duplicate")
    expect(Object.keys(refusalAt(about, fields, taken("title and pages")).faults)).toEqual(["title", "pages"])
    expect(refusalAt(about, fields, taken("isbn"))).toEqual({ faults: {}, whole: true })
    expect(refusalAt(about, [pages], new Problem(409, "Conflict", "There is a row with this id already", "duplicate")).whole).toBe(true)
  })
})
