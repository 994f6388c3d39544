export type Tone = "plain" | "good" | "warn" | "bad" | "accent"

interface Machine {
  first: string
  allowed: Record<string, readonly string[]>
}

const GOOD = /^(active|done|complete|completed|paid|used|redeemed|ok|open|approved|published|delivered|success|succeeded|healthy)$/
const BAD = /^(cancelled|canceled|failed|rejected|lost|expired|blocked|error|refused|broken|overdue)$/
const WARN = /^(pending|waiting|lent|paused|refunded|draft|warning|degraded|retrying)$/

/** The colour of a status: by its word where that is a usual one, else by its place in the machine. */
export function toneOf(status: string, machine?: Machine | null): Tone {
  const word = status.toLowerCase()
  if (GOOD.test(word)) return "good"
  if (BAD.test(word)) return "bad"
  if (WARN.test(word)) return "warn"
  if (!machine) return "plain"
  return status === machine.first ? "accent" : "plain"
}
