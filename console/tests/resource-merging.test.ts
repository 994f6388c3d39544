import { describe, expect, it } from "vitest"
import { parseJson } from "@/api/lossless"
import { chosen, differences, proposal } from "@/parts/merging"
import { Problem } from "@/api/problems"
import { refusalAt } from "@/parts/refusals"
import { lent, notes, pages, title } from "./resource-samples"

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
    expect(refusalAt(fields, invalid("/title"))).toEqual({ faults: { title: "wrong /title" }, whole: false })
    expect(refusalAt(fields, invalid("/title", "/other"))).toEqual({ faults: { title: "wrong /title" }, whole: true })
    expect(refusalAt(fields, new Problem(503, "Busy", "", "busy"))).toEqual({ faults: {}, whole: true })
  })

  it("of a value that is taken stands at all fields that are unique together", () => {
    const taken = (...names: string[]) => new Problem(409, "Conflict", "taken", "duplicate", names.map((name) => ({ pointer: `/${name}`, detail: "taken" })))
    expect(refusalAt(fields, taken("title", "pages"))).toEqual({ faults: { title: "taken", pages: "taken" }, whole: false })
    expect(refusalAt([pages], taken("title", "pages"))).toEqual({ faults: { pages: "taken" }, whole: true })
    expect(refusalAt(fields, taken("isbn"))).toEqual({ faults: {}, whole: true })
    // Two writes at once: the database refused one, and does not say of which field.
    expect(refusalAt(fields, taken())).toEqual({ faults: {}, whole: true })
  })
})
