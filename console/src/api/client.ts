import { connection } from "@/api/connection"
import { parseJson, writeJson } from "@/api/lossless"
import { Problem } from "@/api/problems"
import { LINES, Telling } from "@/api/telling"
import { upload, type OnSent, type OnText } from "@/api/uploading"

/** Parameters of a query; undefined and "" are left out, a list gives one parameter per item. */
export type Query = Record<string, string | number | boolean | undefined | null | readonly (string | number)[]>

export interface Options {
  query?: Query
  /** Becomes JSON, written without a loss. */
  body?: unknown
  /** A body as it is, with its media type: files for an import. */
  raw?: { type: string; content: BodyInit }
  /** ETag of the version that this write is for. */
  ifMatch?: string
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Hears how much of the body was sent. */
  onSent?: OnSent | undefined
  /** Hears how far the call is while it is answered, where the service tells that: of a call with `onSent`. */
  onProgress?: ((progress: unknown) => void) | undefined
  /** Read with JSON.parse: several times as fast, for long lists of doubles such as series. */
  plain?: boolean
  /** One key for several tries of the same intent. By default each unsafe call has a new one. */
  idempotencyKey?: string
}

export interface Reply<T> {
  data: T
  status: number
  headers: Headers
  etag: string | undefined
  /** Cursor of the next page of a list. */
  next: string | undefined
  /** `Total-Count`, when it was asked for. */
  total: number | undefined
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE"

/** `/path?query` as the service reads it. */
export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
  }
  const text = parameters.toString()
  return text ? `${path}?${text}` : path
}

/** A new key for `Idempotency-Key`; works where crypto.randomUUID does not (plain http on another host). */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** Calls the service. Throws a Problem for every answer but 2xx, and when there is none. */
export async function call<T>(method: Method, path: string, options: Options = {}): Promise<Reply<T>> {
  const telling = options.onProgress && new Telling(options.onProgress)
  const headers: Record<string, string> = { Accept: telling ? `${LINES}, application/json;q=0.5` : "application/json", ...options.headers }
  let body: BodyInit | undefined
  if (options.raw) {
    headers["Content-Type"] = options.raw.type
    body = options.raw.content
  } else if (options.body !== undefined) {
    headers["Content-Type"] = "application/json"
    body = writeJson(options.body)
  }
  if (method !== "GET" && !options.raw) headers["Idempotency-Key"] = options.idempotencyKey ?? newKey()
  if (options.ifMatch) headers["If-Match"] = options.ifMatch
  const response = await send(address(path, options.query), {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(options.signal ? { signal: options.signal } : {}),
  }, options.onSent, telling)
  const text = await response.text()
  const type = response.headers.get("Content-Type") ?? ""
  const isJson = /\bjson\b/.test(type)
  let data: unknown = text && isJson ? (options.plain && response.ok ? JSON.parse(text) : parseJson(text)) : text
  if (telling && type.startsWith(LINES)) {
    telling.take(text)
    data = telling.result
  }
  if (!response.ok) throw Problem.from(response.status, data)
  const total = response.headers.get("Total-Count")
  return {
    data: data as T,
    status: response.status,
    headers: response.headers,
    etag: response.headers.get("ETag") ?? undefined,
    next: cursorOf(response.headers.get("Link")),
    total: total === null ? undefined : Number(total),
  }
}

async function send(url: string, init: RequestInit, onSent: OnSent | undefined, telling: Telling | undefined): Promise<Response> {
  const onText: OnText = (text, type) => {
    if (type.startsWith(LINES)) telling?.take(text)
  }
  try {
    const response = await (onSent ? upload(url, init, onSent, onText) : fetch(url, { ...init, credentials: "same-origin" }))
    connection.answered()
    return response
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error
    // It broke off because of what it told.
    if (telling?.problem) throw telling.problem
    connection.failed()
    throw Problem.offline()
  }
}

/** The cursor in `Link: </items?after=…>; rel="next"` (RFC 8288). */
function cursorOf(link: string | null): string | undefined {
  const target = link?.match(/<([^>]*)>;\s*rel="?next"?/)?.[1]
  return target ? (new URL(target, location.origin).searchParams.get("after") ?? undefined) : undefined
}

export const get = <T>(path: string, options?: Options): Promise<Reply<T>> => call<T>("GET", path, options)
export const post = <T>(path: string, body?: unknown, options?: Options): Promise<Reply<T>> => call<T>("POST", path, { ...options, body })
export const put = <T>(path: string, body?: unknown, options?: Options): Promise<Reply<T>> => call<T>("PUT", path, { ...options, body })
export const patch = <T>(path: string, body?: unknown, options?: Options): Promise<Reply<T>> => call<T>("PATCH", path, { ...options, body })
export const remove = (path: string, options?: Options): Promise<Reply<unknown>> => call("DELETE", path, options)
