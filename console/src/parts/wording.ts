import type { Row } from "@/api/descriptions"
import { asText } from "@/api/lossless"
import { formatInstant, formatMoney, formatNumber, formatUtc } from "@/design/format"
import { controlOf, type Field } from "@/parts/fields"

/** A value as people read it, and what it is exactly: for who points at it. */
export interface Worded {
  text: string
  exact: string
}

/** The value of a field in words of the viewer: money with its currency, numbers grouped, times in the local zone. */
export function worded(field: Field | undefined, row: Row, name: string): Worded {
  const value = row[name]
  const exact = asText(value)
  if (!field || exact === "") return { text: exact, exact }
  const kind = controlOf(field)
  const currency = asText(row[field.money ?? ""])
  if (kind === "money" && currency) return { text: formatMoney(value, currency), exact }
  if (kind === "money" || kind === "integer" || kind === "real") return { text: formatNumber(value), exact }
  if (kind === "flag") return { text: value ? "Yes" : "No", exact }
  if (kind === "instant") return { text: formatInstant(exact), exact: formatUtc(exact) }
  return { text: exact, exact }
}

/** Whether a row has a value of its own there; a text may be empty and yet be one. */
export const isNone = (row: Row, name: string): boolean => row[name] === null || row[name] === undefined
