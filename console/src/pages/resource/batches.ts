import { call, post } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { Problem } from "@/api/problems"
import { asText, writeJson } from "@/api/lossless"
import { rowPath, type Resource } from "@/parts/fields"

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

/** Why nothing of the batch happened, and to which row. `/operations/3` in a problem is the fourth. */
export function blamed(error: unknown, keys: readonly string[]): { key: string | undefined; detail: string } {
  if (!(error instanceof Problem)) return { key: undefined, detail: String(error) }
  const at = /\/operations\/(\d+)/.exec(`${error.detail} ${error.faults[0]?.pointer ?? ""}`)?.[1]
  return { key: at === undefined ? undefined : keys[Number(at)], detail: error.detail.replace(/^\/operations\/\d+:?\s*/, "") || error.title }
}

/**
 * Whether a deletion can be undone: an import writes a row under its own key, from what the history says it was.
 * Without a history nobody knows what it was.
 */
export const canUndo = (about: Resource): boolean => about.history && about.verbs.includes("create")

/** What comes back other than it was: a new row begins in its first status. */
export function asBegun(about: Resource, rows: readonly Row[]): { rows: Row[]; reset: number } {
  const machine = about.statuses
  if (!machine) return { rows: [...rows], reset: 0 }
  const reset = rows.filter((row) => row[machine.field] !== machine.first).length
  return { rows: rows.map((row) => ({ ...row, [machine.field]: machine.first })), reset }
}

/** What a person is told of rows that came back in another status than they had; "" where none did. */
export function resetInWords(about: Resource, rows: readonly Row[], reset: number): string {
  const machine = about.statuses
  if (!machine || reset === 0) return ""
  const were = [...new Set(rows.map((row) => asText(row[machine.field])).filter((status) => status && status !== machine.first))]
  const who = rows.length === 1 ? "It" : reset === 1 ? "One" : String(reset)
  const was = were.length ? `${who} ${reset === 1 ? "was" : "were"} ${were.join(" or ")}, and ` : `${who} `
  return ` ${was}${reset === 1 ? "begins" : "begin"} again as ${machine.first}: a new row has no other status.`
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
export async function undelete(about: Resource, keys: readonly string[]): Promise<Imported & { reset: number }> {
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
