import type { LocationQuery } from "vue-router"
import type { Query } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { asText, toBigInt } from "@/api/lossless"
import type { Field, Resource } from "@/parts/fields"

export type Operator = "is" | "prefix" | "gt" | "gte" | "lt" | "lte" | "null"

/** One filter: several values of `is` are alternatives; of `null` the value is "true" or "false". */
export interface Condition {
  field: string
  operator: Operator
  values: string[]
}

/** Filters have names of their own in the URL, apart from `sort`, `q` and what else a field may be called. */
const MARK = "f."

const MANAGED: Field[] = [
  { name: "version", label: "Version", type: "integer" },
  { name: "created_at", label: "Created", type: "instant" },
  { name: "updated_at", label: "Updated", type: "instant" },
]

const OPERATORS: Operator[] = ["is", "prefix", "gte", "lte", "gt", "lt", "null"]

const parameterOf = (field: string, operator: Operator): string => (operator === "is" ? field : `${field}.${operator}`)

/** The fields that the list can be filtered by; the key and what the platform keeps come last. */
export function filterable(about: Resource): Field[] {
  const own = about.fields.filter((field) => operatorsOf(about, field.name).length > 0).sort((a, b) => Number(a.key ?? false) - Number(b.key ?? false))
  return [...own, ...MANAGED.filter((one) => !about.fields.some((field) => field.name === one.name) && operatorsOf(about, one.name).length > 0)]
}

export function operatorsOf(about: Resource, field: string): Operator[] {
  return OPERATORS.filter((operator) => about.filters.includes(parameterOf(field, operator)))
}

/** The filters that stand in the page's URL; those that the list does not take are left out. */
export function conditionsOf(query: LocationQuery, about: Resource): Condition[] {
  return Object.entries(query).flatMap(([name, value]) => {
    if (!name.startsWith(MARK) || !about.filters.includes(name.slice(MARK.length))) return []
    const [field = "", operator = "is"] = name.slice(MARK.length).split(".")
    const values = (Array.isArray(value) ? value : [value]).filter((one): one is string => !!one)
    return values.length ? [{ field, operator: operator as Operator, values }] : []
  })
}

/** The page's query with these filters in place of those it has, and from the first page. */
export function withConditions(query: LocationQuery, conditions: readonly Condition[]): LocationQuery {
  const kept = Object.entries(query).filter(([name]) => !name.startsWith(MARK) && name !== "after")
  const next: LocationQuery = Object.fromEntries(kept)
  for (const one of conditions) next[MARK + parameterOf(one.field, one.operator)] = one.values.length > 1 ? one.values : (one.values[0] ?? "")
  return next
}

/** The parameters of the list for these filters. */
export function asQuery(conditions: readonly Condition[]): Query {
  return Object.fromEntries(conditions.map((one) => [parameterOf(one.field, one.operator), one.values]))
}

const WORDS: Record<Operator, string> = { is: "is", prefix: "begins with", gt: ">", gte: "≥", lt: "<", lte: "≤", null: "" }
const TIMES: Partial<Record<Operator, string>> = { gt: "after", gte: "from", lt: "before", lte: "until" }

export function operatorInWords(operator: Operator, field: Field): string {
  if (operator === "null") return "has a value"
  return (field.type === "instant" && TIMES[operator]) || WORDS[operator]
}

/** A filter in words: "Pages ≥ 3", "Isbn has no value". `say` writes one value. */
export function inWords(condition: Condition, field: Field, say: (value: string) => string): string {
  if (condition.operator === "null") return `${field.label} ${condition.values[0] === "true" ? "has no value" : "has a value"}`
  return `${field.label} ${operatorInWords(condition.operator, field)} ${condition.values.map(say).join(" or ")}`
}

/** Whether a row is among those that the filters and the search leave; what the row does not tell counts as yes. */
export function matches(row: Row, conditions: readonly Condition[], q: string, about: Resource): boolean {
  const found = (name: string): boolean => asText(row[name]).toLowerCase().includes(q.toLowerCase())
  return (!q || about.search.some(found)) && conditions.every((one) => !(one.field in row) || holds(row[one.field], one))
}

function holds(value: unknown, { operator, values }: Condition): boolean {
  const [first = ""] = values
  if (operator === "null") return (value === null) === (first === "true")
  if (value === null || value === undefined) return false
  if (operator === "is") return values.some((one) => compare(value, one) === 0)
  if (operator === "prefix") return asText(value).startsWith(first)
  const order = compare(value, first)
  return { gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[operator]
}

function compare(value: unknown, text: string): number {
  const whole = toBigInt(value)
  if (whole !== undefined && /^-?\d+$/.test(text)) return whole < BigInt(text) ? -1 : Number(whole > BigInt(text))
  if (typeof value === "number") return Math.sign(value - Number(text))
  const [a, b] = [asText(value), text]
  // Two instants may be written with more or fewer digits.
  if (/^\d{4}-\d\d-\d\dT/.test(a) && /^\d{4}-\d\d-\d\dT/.test(b)) return Math.sign(Date.parse(a) - Date.parse(b))
  return a < b ? -1 : Number(a > b)
}
