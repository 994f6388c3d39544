import type { Row } from "@/api/descriptions"
import { asText, parseJson, sameJson, writeJson } from "@/api/lossless"
import { formatNumber } from "@/design/format"
import { controlOf, type Field } from "@/parts/fields"
import { toMajor, toMinor } from "@/parts/money"

/** What stands in the controls of a form: one text per field. "" is no value. Texts keep every digit of a number. */
export type Draft = Record<string, string>

/** Stands in a control for a text that is there and empty, where no value is another thing. No text has a NUL. */
export const EMPTY = "\0"

/** Whether an empty text and no value are two things that a field may hold. */
export function takesEmpty(field: Field): boolean {
  if (!field.optional || field.type !== "text" || field.choices?.length || field.reference) return false
  return "value" in checkedText(field, "")
}

/** Faults by the names of fields. */
export type Faults = Record<string, string>

const currencyIn = (field: Field, draft: Draft): string => draft[field.money ?? ""] ?? ""

function textOf(field: Field, value: unknown, currency: string): string {
  if (value === null || value === undefined) return ""
  if (value === "" && takesEmpty(field)) return EMPTY
  const control = controlOf(field)
  if (control === "json") return writeJson(value, 2)
  return control === "money" ? toMajor(asText(value), currency) : asText(value)
}

function made(fields: readonly Field[], value: (field: Field) => unknown, all: Row = {}): Draft {
  const currency = (field: Field): string => asText(all[field.money ?? ""] ?? fields.find((one) => one.name === field.money)?.default)
  return Object.fromEntries(fields.map((field) => [field.name, textOf(field, value(field), currency(field))]))
}

/** An empty form, with the defaults that the service would take. A flag without one is off. */
export function newDraft(fields: readonly Field[]): Draft {
  return made(fields, (field) => field.default ?? (field.type === "flag" && !field.optional ? false : undefined))
}

/** The form of a row as it is. */
export function draftOf(fields: readonly Field[], row: Row): Draft {
  return made(fields, (field) => row[field.name], row)
}

type Read = { value: unknown } | { fault: string }

/** The JSON of what stands in a control, or what is wrong with it. */
export function readText(field: Field, text: string, draft: Draft = {}): Read {
  const control = controlOf(field)
  if (text === EMPTY) return checkedText(field, "")
  if (text === "" && !(field.type === "text" && !field.optional && !field.choices?.length && !field.reference)) {
    return field.optional ? { value: null } : { fault: "A value is needed" }
  }
  if (control === "flag") return { value: text === "true" }
  if (control === "json") return readJson(text)
  if (control === "integer" || (control === "reference" && field.type === "integer")) return /^-?\d+$/.test(text.trim()) ? number(field, text) : { fault: "A whole number, such as 12" }
  if (control === "real") return readReal(field, text)
  if (control === "money") {
    const minor = toMinor(text, currencyIn(field, draft))
    return minor === undefined ? { fault: "An amount, such as 12.50" } : number(field, minor)
  }
  return control === "text" || control === "long" ? checkedText(field, text) : { value: text }
}

function readJson(text: string): Read {
  try {
    return { value: parseJson(text) }
  } catch {
    return { fault: "This is no valid JSON" }
  }
}

function readReal(field: Field, text: string): Read {
  const plain = text.trim().replace(",", ".").replace(/^(-?)\./, "$10.").replace(/\.$/, "")
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(plain) ? number(field, plain) : { fault: "A number, such as 1.5" }
}

function number(field: Field, text: string): Read {
  const digits = text.trim().replace(/^(-?)0+(?=\d)/, "$1")
  const fault = boundFault(field, digits)
  return fault ? { fault } : { value: parseJson(digits === "-0" ? "0" : digits) }
}

const INT64 = 2n ** 63n

function boundFault(field: Field, text: string): string | undefined {
  const bounds = field.bounds ?? {}
  const whole = /^-?\d+$/.test(text)
  const compare = (bound: string): number => {
    if (whole && /^-?\d+$/.test(bound)) return BigInt(text) < BigInt(bound) ? -1 : Number(BigInt(text) > BigInt(bound))
    return Math.sign(Number(text) - Number(bound))
  }
  if (whole && field.type === "integer" && (BigInt(text) >= INT64 || BigInt(text) < -INT64)) return "At most 64 bits"
  for (const [name, holds, say] of BOUNDS) {
    const bound = bounds[name]
    if (bound !== undefined && !holds(compare(asText(bound)))) return say + (field.money ? toMajor(asText(bound), "") : asText(bound))
  }
  return undefined
}

const BOUNDS: [string, (order: number) => boolean, string][] = [
  ["ge", (order) => order >= 0, "At least "],
  ["gt", (order) => order > 0, "More than "],
  ["le", (order) => order <= 0, "At most "],
  ["lt", (order) => order < 0, "Less than "],
]

/** Lengths count code points, as the service does. Patterns that this browser cannot read are left to the service. */
function checkedText(field: Field, text: string): Read {
  const [length, least, most] = [[...text].length, Number(field.bounds?.["min_length"] ?? 0), Number(field.bounds?.["max_length"] ?? Infinity)]
  if (length === 0 && least > 0) return { fault: "A value is needed" }
  if (length < least) return { fault: `At least ${least} characters` }
  if (length > most) return { fault: `At most ${most} characters; these are ${length}` }
  const pattern = field.bounds?.["pattern"]
  return typeof pattern === "string" && patternOf(pattern)?.test(text) === false ? { fault: `It does not have the form ${pattern}` } : { value: text }
}

function patternOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, "u")
  } catch {
    return undefined
  }
}

/** The body of a create: all that was filled in, and what somebody emptied that has a default. */
export function bodyOfNew(fields: readonly Field[], draft: Draft): { body: Row; faults: Faults } {
  const given = fields.filter((field) => field.required || (draft[field.name] ?? "") !== "" || (field.default !== undefined && field.default !== ""))
  return read(given, draft)
}

/** The body of an edit: what differs from the row, and nothing else. */
export function bodyOfEdit(fields: readonly Field[], draft: Draft, row: Row): { body: Row; faults: Faults } {
  const before = draftOf(fields, row)
  const touched = (name: string): boolean => (draft[name] ?? "") !== before[name]
  // An amount that stands the same is another one in another currency.
  const changed = fields.filter((field) => touched(field.name) || (field.money !== undefined && touched(field.money)))
  const { body, faults } = read(changed, draft)
  return { body: Object.fromEntries(Object.entries(body).filter(([name, value]) => !sameJson(value, row[name]))), faults }
}

function read(fields: readonly Field[], draft: Draft): { body: Row; faults: Faults } {
  const [body, faults]: [Row, Faults] = [{}, {}]
  for (const field of fields) {
    const result = readText(field, draft[field.name] ?? "", draft)
    if ("fault" in result) faults[field.name] = result.fault
    else body[field.name] = result.value
  }
  return { body, faults }
}

export function sameDraft(a: Draft, b: Draft): boolean {
  return Object.keys({ ...a, ...b }).every((name) => (a[name] ?? "") === (b[name] ?? ""))
}

/** A bound as people read numbers; what is none stays as it is. */
const grouped = (bound: string): string => (Number.isFinite(Number(bound)) ? formatNumber(bound) : bound)

/** What a control may hold, in words. */
export function boundsInWords(field: Field): string {
  const bounds = field.bounds ?? {}
  const shown = (name: string): string => (field.money ? toMajor(asText(bounds[name]), "") : asText(bounds[name]))
  const [least, most] = [shown("ge") || shown("gt"), shown("le") || shown("lt")]
  const words: string[] = []
  // The end of int64 says nothing to a person.
  const bounded = most.length < 15 ? most : ""
  if (least && bounded) words.push(`${grouped(least)} to ${grouped(bounded)}`)
  else if (least) words.push(`from ${grouped(least)}`)
  else if (bounded) words.push(`up to ${grouped(bounded)}`)
  if (typeof bounds["pattern"] === "string" && controlOf(field) === "text") words.push(`form ${bounds["pattern"]}`)
  return words.join(", ")
}
