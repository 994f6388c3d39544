import { isLosslessNumber, LosslessNumber, parse as parseWith, stringify as stringifyWith } from "lossless-json"

/**
 * JSON that comes back as it went: a number that a double cannot hold, or would write otherwise (9007199254740993, 1.0,
 * 1e400), stays a LosslessNumber with its own digits; all others are plain numbers.
 */
export type Json = null | boolean | number | string | LosslessNumber | Json[] | { [name: string]: Json }

function keep(text: string): number | LosslessNumber {
  const value = Number(text)
  return String(value) === text ? value : new LosslessNumber(text)
}

/** Reads JSON. Throws a SyntaxError that tells the place. */
export function parseJson(text: string): unknown {
  return parseWith(text, undefined, keep)
}

/** Writes JSON; `indent` spaces make it readable. LosslessNumbers and bigints give their digits. */
export function writeJson(value: unknown, indent?: number): string {
  return stringifyWith(value, undefined, indent) ?? "null"
}

/** Whether this is a number that was kept as text. */
export { isLosslessNumber }

/** The digits of an integer that came from `parseJson`, as a bigint; undefined for anything else. */
export function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value
  const text = typeof value === "number" || isLosslessNumber(value) ? String(value) : ""
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined
}

/** What a person reads instead of a value in a table cell. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return ""
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value)
  return isLosslessNumber(value) ? value.toString() : writeJson(value)
}

/** Whether two values are the same JSON; the order of names does not count. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (isLosslessNumber(a) || isLosslessNumber(b)) return String(a) === String(b)
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => sameJson(item, b[at]))
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) || Array.isArray(b)) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const names = Object.keys(left)
  return names.length === Object.keys(right).length && names.every((name) => name in right && sameJson(left[name], right[name]))
}
