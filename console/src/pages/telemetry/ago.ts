const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]

/** How long ago an instant was, in the largest unit that it fills: "3 hours ago". `now` in milliseconds. */
export function ago(instant: string | undefined, now: number, locale?: string): string {
  if (!instant) return ""
  const seconds = (Date.parse(instant) - now) / 1000
  const [unit, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1]
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.trunc(seconds / length), unit)
}
