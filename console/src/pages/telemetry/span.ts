import { bounded, type Range } from "@/parts/ranges"

/** Instants are milliseconds since 1970 here, ranges include both ends. */
export const SECOND = 1000
export const HOUR = 3600 * SECOND
export const DAY = 24 * HOUR

/** The instants that the service knows, less a day at each end: zones. */
const EVER: Range = { from: Date.parse("0001-01-03T00:00:00Z"), to: Date.parse("9999-12-29T00:00:00Z") }
const NARROWEST = 10

/** Stretches that end with the last measurement, as the URL names them. */
export const PRESETS = [
  { name: "1h", short: "1 h", label: "1 hour", length: HOUR },
  { name: "6h", short: "6 h", label: "6 hours", length: 6 * HOUR },
  { name: "24h", short: "24 h", label: "24 hours", length: DAY },
  { name: "7d", short: "7 d", label: "7 days", length: 7 * DAY },
  { name: "30d", short: "30 d", label: "30 days", length: 30 * DAY },
  { name: "all", short: "All", label: "All", length: Infinity },
] as const

/** The length of a span: of a preset, or of any number of seconds ("90s"). Infinity is all; undefined: this is none. */
export function lengthOf(span: string): number | undefined {
  const preset = PRESETS.find((one) => one.name === span)
  if (preset) return preset.length
  const seconds = /^(\d{1,12}(?:\.\d{1,3})?)s$/.exec(span)?.[1]
  return seconds && Number(seconds) > 0 ? Number(seconds) * SECOND : undefined
}

/** The name of a length. */
export function spanOf(length: number): string {
  return PRESETS.find((one) => one.length === length)?.name ?? `${Math.max(Math.round(length), NARROWEST) / SECOND}s`
}

/** A range that the service can be asked for. */
export const possible = (range: Range): Range => bounded(range, NARROWEST, EVER)

/** What is asked for: of a span, the stretch that ends with the last measurement; undefined where an end is open. */
export function wanted(span: string, from: number | undefined, to: number | undefined, last: number | undefined): Partial<Range> {
  if (from !== undefined || to !== undefined) return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const length = lengthOf(span) ?? Infinity
  return length === Infinity || last === undefined ? {} : { from: last - length, to: last }
}

/** Milliseconds of an instant that the service gave; one with microseconds is within the next millisecond. */
export function millisAfter(instant: string): number {
  return Date.parse(instant) + 1
}

/** An instant as the service reads it; undefined stays so. */
export function iso(instant: number | undefined): string | undefined {
  return instant === undefined ? undefined : new Date(Math.round(instant)).toISOString()
}

/** Reads an instant of the URL; what is none is left out. */
export function instantOf(text: string | undefined): number | undefined {
  const value = text ? Date.parse(text) : NaN
  return Number.isNaN(value) ? undefined : value
}

const pad = (value: number, width = 2): string => String(value).padStart(width, "0")

/** An instant as `<input type="datetime-local">` has it: the viewer's zone, to the second. */
export function toInput(instant: number | undefined): string {
  if (instant === undefined) return ""
  const date = new Date(instant)
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
}

/** What such an input holds as an instant; undefined where it holds none. */
export const fromInput = (text: string): number | undefined => instantOf(text)
