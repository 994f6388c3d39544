const SECOND = 1
const DAY = 86_400

/**
 * Labels of a time axis as the viewer writes times, one per split (seconds since 1970), `every` seconds apart: hours and
 * minutes, below them the date where it is the first label of its day; days alone where splits are days apart.
 */
export function timeLabels(splits: readonly number[], every: number, locale?: string, timeZone?: string): string[] {
  const zone = timeZone ? { timeZone } : {}
  const time = new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    ...(every < 60 * SECOND ? { second: "2-digit" } : {}),
    ...(every < SECOND ? { fractionalSecondDigits: 3 } : {}),
    ...zone,
  })
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...zone })
  const year = new Intl.DateTimeFormat(locale, { year: "numeric", ...zone })
  const month = new Intl.DateTimeFormat(locale, { month: "short", ...zone })
  let lastDay = ""
  let lastYear = ""
  return splits.map((split) => {
    const date = new Date(split * 1000)
    const itsDay = day.format(date)
    const itsYear = year.format(date)
    const newYear = itsYear !== lastYear
    const newDay = itsDay !== lastDay || newYear
    lastDay = itsDay
    lastYear = itsYear
    if (every >= 365 * DAY) return itsYear
    if (every >= 28 * DAY) return newYear ? `${month.format(date)}\n${itsYear}` : month.format(date)
    if (every >= DAY) return newYear ? `${itsDay}\n${itsYear}` : itsDay
    return newDay ? `${time.format(date)}\n${itsDay}` : time.format(date)
  })
}
