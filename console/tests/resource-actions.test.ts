import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createApp } from "vue"
import { connection } from "@/api/connection"
import type { Row } from "@/api/descriptions"
import { doneInWords, keysOfSteps, stepsBack, type BatchReply } from "@/pages/resource/batches"
import { useActions } from "@/pages/resource/useActions"
import { asked } from "@/parts/confirming"
import type { Resource } from "@/parts/fields"
import { toasts } from "@/parts/toasts"
import { copies as short, title } from "./resource-samples"

// To sold lead two steps.
const copies: Resource = { ...short, label: "title", fields: [...short.fields, title], statuses: { field: "status", first: "shelf", allowed: { shelf: ["lent"], lent: ["sold"], sold: [], gone: ["shelf"] } } }
const copy = (id: string, status: string): Row => ({ id, status, title: `Copy ${id}` })
const many = (count: number, status: string): Row[] => Array.from({ length: count }, (_, at) => copy(String(at), status))

interface Sent {
  method: string
  path: string
  body?: { status: string }
}

/** The service: a history of every row, and transactions of moves and deletions of which some fail. */
class Service {
  readonly batches: Sent[][] = []
  constructor(private readonly rows: readonly Row[], private readonly fail: (batch: number, operations: Sent[]) => Response | Error | undefined = () => undefined) {}

  readonly answer = async (url: unknown, init?: RequestInit): Promise<Response> => {
    if (String(url).endsWith("/import")) return json(200, { inserted: this.rows.length, changed: 0, unchanged: 0, rejected: 0, rejects: [] })
    if (init!.method === "DELETE") return new Response(null, { status: 204 })
    const { operations } = JSON.parse(String(init!.body)) as { operations: Sent[] }
    if (operations[0]!.method === "GET") return json(200, operations.map((each) => this.past(each.path.split("/")[2]!)))
    this.batches.push(operations)
    const failure = this.fail(this.batches.length, operations)
    if (failure instanceof Error) throw failure
    return failure ?? json(200, operations.map((): BatchReply => ({ status: 200, body: {} })))
  }

  private past(key: string): BatchReply {
    return { status: 200, body: [{ action: "delete", before: this.rows.find((row) => row["id"] === key) }] }
  }
}

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } })
const refused = (at: number): Response => json(409, { type: "urn:problem:status", title: "Conflict", detail: `/operations/${at}: After 'sold' may come nothing` })

function actions(service: Service): ReturnType<typeof useActions> {
  vi.stubGlobal("fetch", service.answer)
  const app = createApp({}).use(VueQueryPlugin, { queryClient: new QueryClient() })
  return app.runWithContext(() => useActions("library", copies, () => []))
}

/** Clicks what the last message offers; returns the message that follows. */
async function take(label: string): Promise<string> {
  const offered = await vi.waitUntil(() => toasts.find((toast) => toast.action?.label === label))
  toasts.splice(0)
  offered.action!.run()
  return (await vi.waitUntil(() => toasts.at(-1))).text
}

async function deleted(service: Service, rows: readonly Row[]): Promise<void> {
  const done = actions(service).erase(rows)
  if (rows.length > 1) asked.answer(true)
  expect(await done).toBe(true)
  service.batches.splice(0)
}

beforeEach(() => void toasts.splice(0))
afterEach(() => {
  vi.unstubAllGlobals()
  connection.answered()
})

describe("the way back after an undo", () => {
  const mixed = [copy("a", "shelf"), copy("b", "sold"), copy("c", "lent")]

  it.each([[0, "b"], [1, "b"], [2, "c"]])("blames of step %i the row whose step it is: %s", async (at, key) => {
    const service = new Service(mixed, (_, sent) => (sent[0]!.method === "POST" ? refused(at) : undefined))
    await deleted(service, mixed)
    await take("Undo")
    expect(await take("Set to what they were")).toBe(`None was moved. Copy ${key}: After 'sold' may come nothing`)
    expect(service.batches).toHaveLength(1)
  })

  it("names those that were moved, and no others", async () => {
    await deleted(new Service(mixed), mixed)
    await take("Undo")
    expect(await take("Set to what they were")).toBe("2 copies: as they were.")
    const rows = [copy("a", "shelf"), copy("b", "lent"), copy("c", "gone")]
    await deleted(new Service(rows), rows)
    await take("Undo")
    expect(await take("Set to lent")).toBe("Copy b: now lent.")
  })

  it("says of one row what refuses it", async () => {
    const rows = [copy("b", "lent")]
    await deleted(new Service(rows, () => refused(0)), rows)
    await take("Undo")
    expect(await take("Set to lent")).toBe("It was not moved. Copy b: After 'sold' may come nothing")
  })

  it("says what stays of more than a hundred steps when a later transaction fails", async () => {
    const rows = [copy("first", "lent"), ...many(60, "sold")]
    const service = new Service(rows, (batch, sent) => (batch === 2 && sent[0]!.method === "POST" ? refused(2) : undefined))
    await deleted(service, rows)
    await take("Undo")
    // The hundredth step is the first of row 49; the third of the second transaction is the last of row 50.
    expect(await take("Set to what they were")).toBe("50 of 61 were moved, and one a part of its way. Copy 50: After 'sold' may come nothing")
    expect(service.batches.map((batch) => batch.length)).toEqual([100, 21])
    expect(service.batches[1]![2]).toEqual({ method: "POST", path: "/copies/50/status", body: { status: "sold" } })
  })
})

describe("more than a hundred rows", () => {
  const rows = many(150, "shelf")

  it("tell how many were moved, and which one stopped the others", async () => {
    expect(await actions(new Service(rows, (batch) => (batch === 2 ? refused(7) : undefined))).move(rows, "lent")).toBe(false)
    expect(toasts.at(-1)!.text).toBe("100 of 150 were moved. Copy 107: After 'sold' may come nothing")
  })

  it.each([
    ["The service does not answer", new TypeError("Failed to fetch")],
    ["The outcome is unknown", json(503, { type: "urn:roadbed:problem:outcome-unknown", title: "The outcome is unknown" })],
  ])("tell what is not known after: %s", async (why, failure) => {
    const done = actions(new Service(rows, (batch) => (batch === 2 ? failure : undefined))).erase(rows)
    asked.answer(true)
    expect(await done).toBe(false)
    expect(toasts.at(-1)!.text).toBe(`100 of 150 were deleted. Of the next ones it is not known: ${why}.`)
  })

  it("are not said to be as they were where that is not known", async () => {
    const unknown = json(503, { type: "urn:roadbed:problem:outcome-unknown", title: "The outcome is unknown", detail: "It may have taken effect" })
    expect(await actions(new Service(rows, () => unknown)).move(rows, "lent")).toBe(false)
    expect(toasts.at(-1)!.text).toBe("The outcome is unknown: It may have taken effect")
  })

  it("tell that none was where the first transaction fails", async () => {
    expect(await actions(new Service(rows, () => refused(99))).move(rows, "lent")).toBe(false)
    expect(toasts.at(-1)!.text).toBe("None was moved. Copy 99: After 'sold' may come nothing")
  })
})

describe("what became of rows, in words", () => {
  it.each([
    [["a"], 0, "It was not moved."],
    [["a", "b"], 0, "None was moved."],
    [["a", "b"], 1, "1 of 2 was moved."],
    [["a", "a", "b"], 1, "0 of 2 were moved, and one a part of its way."],
    [["a", "b", "c"], 2, "2 of 3 were moved."],
  ])("%j after %i: %s", (keys, done, words) => expect(doneInWords(keys, done, "moved")).toBe(words))

  it("has a key for every step", () => {
    const reset = [{ key: "1", was: "sold" }, { key: "2", was: "gone" }, { key: "3", was: "lent" }]
    expect(keysOfSteps(copies, reset)).toEqual(["1", "1", "3"])
    expect(stepsBack(copies, reset).map((step) => step.path.split("/")[2])).toEqual(keysOfSteps(copies, reset))
  })
})
