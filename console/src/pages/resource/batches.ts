import { call, post } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { Problem } from "@/api/problems"
import { asText, writeJson } from "@/api/lossless"
import { keyOf, rowPath, type Resource } from "@/parts/fields"

/** Operations of one `POST /batch`: all of them happen, or none. */
export const MOST_AT_ONCE = 100

interface Operation {
  method: string
  path: string
  body?: unknown
}

export interface BatchReply {
  status: number
  body: unknown
}

export function inBatches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MOST_AT_ONCE) }, (_, at) => items.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE))
}

/** Runs operations, up to 100 in each transaction. `done` counts those that were; a failure ends it. */
export async function runAll(operations: readonly Operation[], done: (count: number) => void = () => undefined): Promise<BatchReply[]> {
  const replies: BatchReply[] = []
  for (const part of inBatches(operations)) {
    replies.push(...(await post<BatchReply[]>("/batch", { operations: part })).data)
    done(replies.length)
  }
  return replies
}

export const deletions = (about: Resource, keys: readonly string[]): Operation[] => keys.map((key) => ({ method: "DELETE", path: rowPath(about, key) }))

export function moves(about: Resource, keys: readonly string[], status: string): Operation[] {
  const field = about.statuses!.field
  return keys.map((key) => ({ method: "POST", path: `${rowPath(about, key)}/${field}`, body: { [field]: status } }))
}

/** Why nothing of one transaction happened, and to which row. `/operations/3` in a problem is the fourth of that transaction: `keys` are its. */
export function blamed(error: unknown, keys: readonly string[]): { key: string | undefined; detail: string } {
  if (!(error instanceof Problem)) return { key: undefined, detail: String(error) }
  const at = /\/operations\/(\d+)/.exec(`${error.detail} ${error.faults[0]?.pointer ?? ""}`)?.[1]
  return { key: at === undefined ? undefined : keys[Number(at)], detail: error.detail.replace(/^\/operations\/\d+:?\s*/, "") || error.title }
}

/** What became of rows when operations failed: `keys[n]` is the row of the n-th, and the first `done` of them are committed. */
export function doneInWords(keys: readonly string[], done: number, what: string): string {
  const all = new Set(keys).size
  const whole = new Set(keys.slice(0, done))
  // The steps of one row may lie in two transactions.
  const partly = whole.delete(keys[done]!)
  if (whole.size || partly) return `${whole.size} of ${all} ${whole.size === 1 ? "was" : "were"} ${what}${partly ? ", and one a part of its way" : ""}.`
  return all === 1 ? `It was not ${what}.` : `None was ${what}.`
}

/**
 * Whether a deletion can be undone: an import writes a row under its own key, from what the history says it was.
 * Without a history nobody knows what it was.
 */
export const canUndo = (about: Resource): boolean => about.history && about.verbs.includes("create")

/** A row that came back in another status than it had. */
export interface Reset {
  key: string
  was: string
}

/** What comes back other than it was: a new row begins in its first status. */
export function asBegun(about: Resource, rows: readonly Row[]): { rows: Row[]; reset: Reset[] } {
  const machine = about.statuses
  if (!machine) return { rows: [...rows], reset: [] }
  const reset = rows.filter((row) => row[machine.field] !== machine.first).map((row) => ({ key: keyOf(about, row), was: asText(row[machine.field]) }))
  return { rows: rows.map((row) => ({ ...row, [machine.field]: machine.first })), reset }
}

/** What a person is told of rows that came back, `count` in all, of which some had another status; "" where none had. */
export function resetInWords(about: Resource, count: number, reset: readonly Reset[]): string {
  const machine = about.statuses
  if (!machine || reset.length === 0) return ""
  const were = [...new Set(reset.map((one) => one.was))]
  const who = count === 1 ? "It" : reset.length === 1 ? "One" : String(reset.length)
  const lost = were.filter((status) => !wayTo(about, status))
  const text = ` ${who} ${reset.length === 1 ? "was" : "were"} ${were.join(" or ")}, and ${reset.length === 1 ? "begins" : "begin"} again as ${machine.first}: a new row has no other status.`
  return lost.length ? `${text} No step that is allowed leads back to ${lost.join(" or ")}.` : text
}

/** The statuses that a new row goes through to get to one, in order and with that one; undefined: no way leads there. */
export function wayTo(about: Resource, status: string): string[] | undefined {
  const machine = about.statuses
  if (!machine) return undefined
  const ways = new Map<string, string[]>([[machine.first, []]])
  for (const [at, way] of ways) {
    // A map goes on with what is put into it meanwhile: the shortest ways come first.
    for (const next of machine.allowed[at] ?? []) if (!ways.has(next)) ways.set(next, [...way, next])
  }
  return ways.get(status)
}

/** The moves that bring rows back to the status that each had, one allowed step after the other, row by row. */
export function stepsBack(about: Resource, reset: readonly Reset[]): Operation[] {
  return reset.flatMap((one) => (wayTo(about, one.was) ?? []).flatMap((status) => moves(about, [one.key], status)))
}

/** The row of each of these moves. */
export function keysOfSteps(about: Resource, reset: readonly Reset[]): string[] {
  return reset.flatMap((one) => (wayTo(about, one.was) ?? []).map(() => one.key))
}

/** What a button says that takes these steps; undefined where there are none. Statuses in between are named. */
export function stepsInWords(about: Resource, reset: readonly Reset[]): string | undefined {
  const ways = new Set(reset.map((one) => wayTo(about, one.was)?.join(", then ")).filter(Boolean))
  if (ways.size === 0) return undefined
  return ways.size === 1 ? `Set to ${[...ways][0]}` : "Set to what they were"
}

/** What is lost for good of a row that comes back: secrets are in no history. "" where it has none. */
export function secretsInWords(about: Resource): string {
  const names = about.fields.filter((field) => field.secret).map((field) => field.label.toLowerCase())
  return names.length ? ` The ${names.join(" and the ")} it had no longer counts: a new one was made that nobody knows.` : ""
}

/** What an import takes of a row: its key and what was written by somebody, no secret. */
export function importable(about: Resource, row: Row): Row {
  const names = about.fields.filter((field) => (field.key || field.writable) && !field.secret).map((field) => field.name)
  return Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]))
}

export interface Imported {
  inserted: number
  changed: number
  unchanged: number
  rejected: number
  rejects: { line: number; reason: string }[]
}

/** Makes deleted rows again under their old keys, as they were last; tells what could not be. */
export async function undelete(about: Resource, keys: readonly string[]): Promise<Imported & { reset: Reset[] }> {
  const pasts = await Promise.all(inBatches(keys).map((part) => runAll(part.map((key) => ({ method: "GET", path: `${rowPath(about, key)}/history?limit=1` })))))
  const last = pasts.flat().map((reply) => (reply.body as { action: string; before: Row | null }[])[0])
  const lost = last.filter((entry) => entry?.action === "delete" && entry.before).map((entry) => entry!.before!)
  const { rows, reset } = asBegun(about, lost.map((row) => importable(about, row)))
  const { data } = await call<Imported>("POST", `${about.path}/import`, { raw: { type: "application/json", content: writeJson(rows) } })
  return { ...data, reset }
}

/** The statuses that all of these rows may go to now. */
export function allowedForAll(about: Resource, rows: readonly Row[]): string[] {
  const machine = about.statuses
  if (!machine || rows.length === 0) return []
  const sets = rows.map((row) => machine.allowed[asText(row[machine.field])] ?? [])
  return sets[0]!.filter((status) => sets.every((set) => set.includes(status)))
}
