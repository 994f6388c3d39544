/** Money between minor units (4136) and what people type (41.36); texts alone, so that no digit is lost. */

/** Digits behind the point of a currency: 2 for EUR, 0 for JPY. */
export function digitsOf(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2
  } catch {
    // No ISO 4217 code (yet): most have two.
    return 2
  }
}

export function toMajor(minor: string, currency: string): string {
  const digits = digitsOf(currency)
  if (!/^-?\d+$/.test(minor) || digits === 0) return minor
  const sign = minor.startsWith("-") ? "-" : ""
  const text = minor.replace("-", "").padStart(digits + 1, "0")
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** The minor units of an amount with a decimal point or comma; undefined when it is none, or finer than the currency. */
export function toMinor(major: string, currency: string): string | undefined {
  const digits = digitsOf(currency)
  const parts = /^(-?)(\d+)(?:[.,](\d*))?$/.exec(major.trim())
  const fraction = parts?.[3] ?? ""
  if (!parts || fraction.length > digits) return undefined
  const whole = BigInt(`${parts[2]}${fraction.padEnd(digits, "0")}`)
  return String(parts[1] ? -whole : whole)
}
