import { get, post, put, remove, type Reply } from "@/api/client"
import { writeJson } from "@/api/lossless"

/** A key and its current value. `value` is any JSON; its numbers keep their digits. */
export interface Entry {
  key: string
  value: unknown
  version: number
  updated_at: string
  expires_at: string | null
}

/** One version of a key; a deletion has no value. */
export interface Revision extends Omit<Entry, "value"> {
  value?: unknown
  deleted: boolean
}

export const PAGE = 100
const LONGEST_IN_PLACE = 2000

/** Where a key is: each part escaped, its slashes as %2F. */
export function pathOf(key: string): string {
  return `/kv/${encodeURIComponent(key)}`
}

export function tagOf(version: number): string {
  return `"${version}"`
}

/** Seconds that a key still has, at least one; undefined where it does not expire. */
export function secondsLeft(expires: string | null, now = Date.now()): number | undefined {
  return expires === null ? undefined : Math.max(1, Math.round((Date.parse(expires) - now) / 1000))
}

/** Whether a value is short enough to be edited in its cell. */
export function fitsInPlace(value: unknown): boolean {
  return writeJson(value).length <= LONGEST_IN_PLACE
}

/** What is wrong with a key, as the service would say it; undefined when it is good. */
export function faultOfKey(key: string): string | undefined {
  if (key === "") return "A key has at least one character"
  if ([...key].length > 255) return "A key has at most 255 characters"
  if (/[\u0000-\u001f\u007f-\u009f]/.test(key)) return "No control characters"
  if (key.startsWith("/") || key.endsWith("/") || key.includes("//")) return "No slash at the beginning or the end, and none doubled"
  return key.split("/").some((part) => part === "." || part === "..") ? "No part may be . or .." : undefined
}

/** What is typed as time to live: whole seconds, "" for none; a text that says what is wrong otherwise. */
export function readTtl(text: string): number | undefined | string {
  if (text.trim() === "") return undefined
  const seconds = Number(text)
  return Number.isInteger(seconds) && seconds >= 1 ? seconds : "Whole seconds, at least 1; empty for no expiry"
}

export function listKeys(prefix: string, after: string, signal: AbortSignal): Promise<Reply<Entry[]>> {
  return get<Entry[]>("/kv", { query: { prefix, after, limit: PAGE, total: true }, signal })
}

export function readKey(key: string, signal?: AbortSignal): Promise<Reply<Entry>> {
  return get<Entry>(pathOf(key), signal ? { signal } : {})
}

export function createKey(key: string, value: unknown, ttl: number | undefined): Promise<Reply<Entry>> {
  return post<Entry>("/kv", ttl === undefined ? { key, value } : { key, value, ttl })
}

/** Writes a value over the version that was seen. */
export function replaceValue(key: string, value: unknown, ttl: number | undefined, version: number): Promise<Reply<Entry>> {
  return put<Entry>(pathOf(key), ttl === undefined ? { value } : { value, ttl }, { ifMatch: tagOf(version) })
}

export function deleteKey(key: string, version: number): Promise<Reply<unknown>> {
  return remove(pathOf(key), { ifMatch: tagOf(version) })
}

export function readHistory(key: string, after: string, signal: AbortSignal): Promise<Reply<Revision[]>> {
  return get<Revision[]>(pathOf(key), { query: { history: true, limit: 50, after }, signal })
}
