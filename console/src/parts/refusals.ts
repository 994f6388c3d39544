import type { Problem } from "@/api/problems"
import type { Faults } from "@/parts/draft"
import type { Field } from "@/parts/fields"

/** What a refusal of a write says of each field, that its value is taken too, and whether it says anything beside that. */
export function refusalAt(fields: readonly Field[], problem: Problem): { faults: Faults; whole: boolean } {
  const found = fields.flatMap((field) => {
    const fault = problem.faultOf(field.name)
    return fault ? [[field.name, fault] as const] : []
  })
  return { faults: Object.fromEntries(found), whole: found.length === 0 || found.length < problem.faults.length }
}
