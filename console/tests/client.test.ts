import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { address, call, get, newKey, patch, post, put, remove } from "@/api/client"
import { connection } from "@/api/connection"
import { Intent } from "@/api/intent"
import { Problem } from "@/api/problems"

const fetched = vi.fn<typeof fetch>()

function answer(body: string, init: ResponseInit & { type?: string } = {}): void {
  const headers = new Headers(init.headers)
  headers.set("Content-Type", init.type ?? "application/json")
  fetched.mockResolvedValueOnce(new Response(init.status === 204 ? null : body, { ...init, headers }))
}

function sent(): { url: string; init: RequestInit; headers: Record<string, string> } {
  const [url, init] = fetched.mock.calls.at(-1)!
  return { url: String(url), init: init!, headers: init!.headers as Record<string, string> }
}

beforeEach(() => vi.stubGlobal("fetch", fetched))
afterEach(() => {
  fetched.mockReset()
  vi.unstubAllGlobals()
  vi.useRealTimers()
  connection.answered()
})

describe("address", () => {
  it("leaves out what is empty, and repeats lists", () => {
    expect(address("/a")).toBe("/a")
    expect(address("/a", { b: "", c: undefined, d: null, e: 0, f: false })).toBe("/a?e=0&f=false")
    expect(address("/a", { s: [1, 2], t: "x y&z" })).toBe("/a?s=1&s=2&t=x+y%26z")
  })
})

describe("a call", () => {
  it("reads numbers without a loss, and the page that follows", async () => {
    answer("[9007199254740993]", { headers: { ETag: '"3"', "Total-Count": "12", Link: '</items?limit=1&after=abc>; rel="next"' } })
    const reply = await get<unknown[]>("/items")
    expect(String(reply.data[0])).toBe("9007199254740993")
    expect([reply.etag, reply.total, reply.next, reply.status]).toEqual(['"3"', 12, "abc", 200])
    expect(sent().init.method).toBe("GET")
    expect(sent().headers["Idempotency-Key"]).toBeUndefined()
  })

  it("reads plain numbers where it is told to", async () => {
    answer("[1.0]")
    expect((await get<number[]>("/x", { plain: true })).data).toEqual([1])
  })

  it.each([
    ["POST", () => post("/x", { a: 1n })],
    ["PUT", () => put("/x", { a: 1n })],
    ["PATCH", () => patch("/x", { a: 1n })],
  ])("%s sends JSON and a key of its own", async (method, run) => {
    answer("{}")
    await run()
    expect(sent().init.method).toBe(method)
    expect(sent().init.body).toBe('{"a":1}')
    expect(sent().headers).toMatchObject({ "Content-Type": "application/json" })
    expect(sent().headers["Idempotency-Key"]).toMatch(/^[0-9a-f]{32}$/)
  })

  it("deletes over the version that was seen", async () => {
    answer("", { status: 204 })
    expect((await remove("/x", { ifMatch: '"4"' })).data).toBe("")
    expect(sent().headers["If-Match"]).toBe('"4"')
  })

  it("sends a file as it is, without a key: streamed bodies have none", async () => {
    answer("{}")
    await call("POST", "/items/import", { raw: { type: "text/csv", content: "a\n1" }, query: { dry_run: true } })
    expect(sent().url).toBe("/items/import?dry_run=true")
    expect(sent().headers["Content-Type"]).toBe("text/csv")
    expect(sent().headers["Idempotency-Key"]).toBeUndefined()
  })

  it("throws problems with their faults", async () => {
    answer('{"type":"urn:roadbed:problem:invalid","title":"Not valid","status":400,"detail":"d","instance":"r1","errors":[{"pointer":"/name","detail":"too long"},{"pointer":"/tags/0","detail":"bad"}]}', { status: 400, type: "application/problem+json" })
    const problem = await get("/x").catch((error: unknown) => error as Problem)
    expect(problem).toBeInstanceOf(Problem)
    expect(problem).toMatchObject({ status: 400, slug: "invalid", title: "Not valid", instance: "r1", isConflict: false })
    expect((problem as Problem).faultOf("name")).toBe("too long")
    expect((problem as Problem).faultOf("tags")).toBe("bad")
    expect((problem as Problem).faultOf("tag")).toBeUndefined()
  })

  it("makes a problem of any failure, even without JSON", async () => {
    answer("<html>", { status: 502, type: "text/html" })
    await expect(get("/x")).rejects.toMatchObject({ status: 502, title: "The service answered 502", slug: "error" })
  })

  it("tells conflicts", async () => {
    answer('{"title":"t"}', { status: 412 })
    await expect(get("/x")).rejects.toMatchObject({ isConflict: true })
  })

  it("lets an abort through", async () => {
    fetched.mockRejectedValueOnce(new DOMException("x", "AbortError"))
    await expect(get("/x")).rejects.toMatchObject({ name: "AbortError" })
    expect(connection.state.online).toBe(true)
  })
})

describe("without an answer", () => {
  it("is offline, asks again, and tells when the service is back", async () => {
    vi.useFakeTimers()
    const back = vi.fn()
    const forget = connection.onReturn(back)
    fetched.mockRejectedValueOnce(new TypeError("refused"))
    await expect(get("/x")).rejects.toMatchObject({ status: 0, slug: "offline" })
    expect(connection.state.online).toBe(false)
    fetched.mockRejectedValueOnce(new TypeError("refused"))
    await vi.advanceTimersByTimeAsync(2000)
    expect([connection.state.online, back.mock.calls.length]).toEqual([false, 0])
    answer("{}")
    await vi.advanceTimersByTimeAsync(2000)
    expect([connection.state.online, back.mock.calls.length]).toEqual([true, 1])
    forget()
  })
})

describe("Intent", () => {
  const keys: string[] = []
  const write = (reply: () => Promise<string>) => (key: string) => {
    keys.push(key)
    return reply()
  }
  const fails = (status: number) => () => Promise.reject(new Problem(status, "t", "d", "s"))

  it("keeps the key while the outcome is unknown, and takes a new one after that", async () => {
    keys.length = 0
    const intent = new Intent()
    await expect(intent.send({ a: 1 }, write(fails(0)))).rejects.toThrow()
    await expect(intent.send({ a: 1 }, write(fails(503)))).rejects.toThrow()
    await intent.send({ a: 1 }, write(() => Promise.resolve("ok")))
    await intent.send({ a: 1 }, write(() => Promise.resolve("ok")))
    expect(new Set(keys.slice(0, 3)).size).toBe(1)
    expect(keys[3]).not.toBe(keys[0])
  })

  it("takes a new key for other content, and after a refusal", async () => {
    keys.length = 0
    const intent = new Intent()
    await expect(intent.send({ a: 1 }, write(fails(0)))).rejects.toThrow()
    await expect(intent.send({ a: 2 }, write(fails(409)))).rejects.toThrow()
    await expect(intent.send({ a: 2 }, write(fails(409)))).rejects.toThrow()
    expect(new Set(keys).size).toBe(3)
  })
})

it("makes keys that differ", () => {
  expect(new Set(Array.from({ length: 100 }, newKey)).size).toBe(100)
})
