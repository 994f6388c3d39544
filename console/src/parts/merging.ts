import type { Row } from "@/api/descriptions"
import { sameJson } from "@/api/lossless"
import type { Field } from "@/parts/fields"

export type Choice = "mine" | "theirs"

/** One field of a row that two people changed at once. */
export interface Difference {
  field: Field
  before: unknown
  mine: unknown
  theirs: unknown
  /** Both changed it, to different values: somebody has to choose. */
  clash: boolean
}

/** The fields that differ between what I would write (`before` with `changes`) and what stands there now. */
export function differences(fields: readonly Field[], before: Row, changes: Row, theirs: Row): Difference[] {
  return fields
    .filter((field) => field.name in before || field.name in theirs)
    .map((field) => {
      const mine = field.name in changes ? changes[field.name] : before[field.name]
      const [was, now] = [before[field.name], theirs[field.name]]
      return { field, before: was, mine, theirs: now, clash: field.name in changes && !sameJson(was, now) && !sameJson(mine, now) }
    })
    .filter((one) => !sameJson(one.mine, one.theirs))
}

/** What is proposed: what one of us changed and the other did not stays changed; a clash is mine until chosen. */
export function proposal(found: readonly Difference[], changes: Row): Record<string, Choice> {
  return Object.fromEntries(found.map((one) => [one.field.name, one.field.name in changes ? "mine" : "theirs"]))
}

/** What to write over the new version, by the choices. */
export function chosen(found: readonly Difference[], choices: Record<string, Choice>): Row {
  return Object.fromEntries(found.filter((one) => choices[one.field.name] === "mine").map((one) => [one.field.name, one.mine]))
}
