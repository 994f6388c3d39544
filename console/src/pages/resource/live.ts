import type { Change } from "@/api/events"
import type { Row } from "@/api/descriptions"
import { keyOf, type Resource } from "@/parts/fields"
import { matches, type Condition } from "./filters"

/** What of the list the page shows. */
export interface View {
  about: Resource
  conditions: readonly Condition[]
  q: string
  sort: string
  /** Whether this is the page that the list begins with. */
  first: boolean
  limit: number
}

/** What became of the shown rows. `offered`: the row is new and lies elsewhere, nobody knows where. */
export interface Told {
  rows: Row[]
  offered: boolean
}

/** Where a new row is on top of the first page: in the order in which rows are made, newest first. */
export const newestFirst = (view: View): boolean => view.first && (view.sort === "-created_at" || view.sort === `-${view.about.key}`)

/** The rows of a page after a change that the service told of. Rows that stand there keep their place. */
export function applied(rows: readonly Row[], change: Change<Row>, view: View): Told {
  const key = keyOf(view.about, change.row)
  const at = rows.findIndex((row) => keyOf(view.about, row) === key)
  if (change.action === "delete") return { rows: rows.filter((_, index) => index !== at), offered: false }
  const fits = matches(change.row, view.conditions, view.q, view.about)
  if (at >= 0) {
    const changed = rows.map((row, index) => (index === at ? { ...row, ...only(change.row, view.about) } : row))
    return { rows: fits ? changed : changed.filter((_, index) => index !== at), offered: false }
  }
  if (!fits || change.action === "change") return { rows: [...rows], offered: false }
  if (!newestFirst(view)) return { rows: [...rows], offered: true }
  return { rows: [only(change.row, view.about), ...rows].slice(0, view.limit), offered: false }
}

/** An event tells the version too, which is a field of few resources. */
function only(row: Row, about: Resource): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => about.fields.some((field) => field.name === name)))
}
