import type { Problem } from "@/api/problems"
import type { Faults } from "@/parts/draft"
import type { Field, Resource } from "@/parts/fields"

/** What a refusal of a write says of each field, and whether it says anything beside that. */
export function refusalAt(about: Resource, fields: readonly Field[], problem: Problem): { faults: Faults; whole: boolean } {
  if (problem.slug === "duplicate") return duplicate(about, fields, problem)
  const found = fields.flatMap((field) => {
    const fault = problem.faultOf(field.name)
    return fault ? [[field.name, fault] as const] : []
  })
  return { faults: Object.fromEntries(found), whole: found.length === 0 || found.length < problem.faults.length }
}

/** A value that is taken: the detail names the fields that are unique together. */
function duplicate(about: Resource, fields: readonly Field[], problem: Problem): { faults: Faults; whole: boolean } {
  const group = [[about.key], ...about.unique].find((names) => problem.detail.includes(` this ${names.join(" and ")} already`))
  const faults = Object.fromEntries((group ?? []).filter((name) => fields.some((field) => field.name === name)).map((name) => [name, problem.detail]))
  return { faults, whole: Object.keys(faults).length === 0 }
}
