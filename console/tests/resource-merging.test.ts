import { describe, expect, it } from "vitest"
import { parseJson } from "@/api/lossless"
import { chosen, differences, proposal } from "@/parts/merging"
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
