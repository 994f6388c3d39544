import { instantOf, iso, lengthOf } from "@/pages/telemetry/span"

export type Method = "buckets" | "lttb"
export type Side = "above" | "below"

/** What the chart page shows, all of it in the URL. */
export interface View {
  /** Ids of signals in the order of their colours; undefined: nobody chose yet. */
  signals: string[] | undefined
  /** A stretch before the last measurement; it counts where neither `from` nor `to` is given. */
  span: string
  from: number | undefined
  to: number | undefined
  method: Method
  live: boolean
  /** As it was typed. */
  threshold: string
  side: Side
  /** The signal that the threshold is for; undefined: the first. */
  on: string | undefined
}

export type Parameters = Record<string, string>

/** Signals of one chart: colours and eyes tell no more apart. */
export const MOST_SIGNALS = 12

const ID = /^-?\d{1,19}$/
const NUMBER = /^-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?$/i

/** Reads a view from the parameters of a URL. What is malformed counts as not given. */
export function readView(query: Record<string, unknown>): View {
  const text = (name: string): string | undefined => (typeof query[name] === "string" ? (query[name] as string) : undefined)
  const ids = text("signals")?.split(",").filter((id) => ID.test(id))
  const span = text("span") ?? "all"
  const threshold = text("threshold") ?? ""
  const on = text("on")
  return {
    signals: ids && [...new Set(ids)].slice(0, MOST_SIGNALS),
    span: lengthOf(span) === undefined ? "all" : span,
    from: instantOf(text("from")),
    to: instantOf(text("to")),
    method: text("method") === "lttb" ? "lttb" : "buckets",
    live: text("live") === "1",
    threshold: NUMBER.test(threshold) ? threshold : "",
    side: text("side") === "below" ? "below" : "above",
    on: on && ID.test(on) ? on : undefined,
  }
}

/** The parameters of a view; what is as usual is left out. */
export function writeView(view: View): Parameters {
  const given: Record<string, string | undefined> = {
    signals: view.signals?.join(","),
    span: view.span === "all" || view.from !== undefined || view.to !== undefined ? undefined : view.span,
    from: iso(view.from),
    to: iso(view.to),
    method: view.method === "lttb" ? "lttb" : undefined,
    live: view.live ? "1" : undefined,
    threshold: view.threshold || undefined,
    side: view.side === "below" ? "below" : undefined,
    on: view.on,
  }
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
