import { asText, toBigInt } from "@/api/lossless"

/** How this viewer writes numbers and times. */
const locale = (): string | undefined => (typeof navigator === "undefined" ? undefined : navigator.language)

// The exact text of a decimal number is a valid argument (ECMA-402, Intl.NumberFormat v3); the library's types lag behind.
const exact = (text: string): number => text as unknown as number

/** An integer of any size, or a number, grouped as the viewer writes it: 9 007 199 254 740 993. */
export function formatNumber(value: unknown, options: Intl.NumberFormatOptions = {}): string {
  if (value === null || value === undefined || value === "") return "–"
  const whole = toBigInt(value)
  if (whole !== undefined) return new Intl.NumberFormat(locale(), options).format(whole)
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 6, ...options }).format(exact(asText(value)))
}

/** A figure with so many decimals at most. A little is not told as none: 0.001 with two decimals is "< 0.01". */
export function formatFigure(value: number, digits: number): string {
  const least = 10 ** -digits
  const text = formatNumber(value > 0 && value < least / 2 ? least : value, { maximumFractionDigits: digits })
  return value > 0 && value < least / 2 ? `< ${text}` : text
}

/** Minor units and an ISO 4217 code as money: 4136 and EUR give 41,36 €. */
export function formatMoney(minor: unknown, currency: string): string {
  const whole = toBigInt(minor)
  if (whole === undefined) return "–"
  const format = new Intl.NumberFormat(locale(), { style: "currency", currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  const text = (whole < 0n ? -whole : whole).toString().padStart(digits + 1, "0")
  const decimal = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text
  return format.format(exact(whole < 0n ? `-${decimal}` : decimal))
}

/** 1536 gives 1.5 KiB. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–"
  const units = ["B", "KiB", "MiB", "GiB", "TiB"]
  const power = Math.min(Math.floor(Math.log2(Math.max(Math.abs(bytes), 1)) / 10), units.length - 1)
  return `${formatNumber(bytes / 1024 ** power, { maximumFractionDigits: power ? 1 : 0 })} ${units[power]}`
}

/** A share of 1 as per cent. Nearly all is not told as all, nor hardly any as none. */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined) return "–"
  const percent = (one: number): string => formatNumber(one, { style: "percent", maximumFractionDigits: 1 })
  if (share > 0 && share < 0.0005) return `< ${percent(0.001)}`
  if (share >= 0.9995 && share < 1) return `> ${percent(0.999)}`
  return percent(share)
}

/** Seconds as people say them: 250 µs, 12 ms, 3.2 s, 4 min, 2 h, 3 d. */
export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–"
  const scales: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]]
  const [size, unit] = scales.find(([size]) => Math.abs(seconds) >= size) ?? [1e-6, "µs"]
  return `${formatNumber(seconds / size, { maximumSignificantDigits: 3 })} ${unit}`
}

/** A time in the viewer's zone and manner. `precise` shows milliseconds. */
export function formatInstant(instant: string | Date, precise = false): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "medium" }
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return String(instant)
  if (!precise) return new Intl.DateTimeFormat(locale(), options).format(date)
  return new Intl.DateTimeFormat(locale(), {
    year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
  }).format(date)
}

/** The same time in UTC, with all digits that the service gave. */
export function formatUtc(instant: string): string {
  return `${instant.replace("T", " ").replace(/Z$|\+00:00$/, "")} UTC`
}
