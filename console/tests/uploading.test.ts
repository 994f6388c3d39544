import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { effectScope, type EffectScope } from "vue"
import { mount } from "@vue/test-utils"
import { post } from "@/api/client"
import { connection } from "@/api/connection"
import { Problem } from "@/api/problems"
import { paceOf, useUpload, type RowsTold } from "@/parts/uploading"
import UploadProgress from "@/parts/UploadProgress.vue"

/** Stands for the browser's: a test says what happens on the way. */
class Wire {
  static last: Wire
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {}
  onreadystatechange?: () => void
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  onloadend?: () => void
  status = 0
  readyState = 1
  type = "application/json"
  responseText = ""
  sent: unknown
  readonly headers: Record<string, string> = {}
  constructor() {
    Wire.last = this
  }
  open(method: string, url: string): void {
    this.opened = `${method} ${url}`
  }
  opened = ""
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value
  }
  getAllResponseHeaders = (): string => `content-type: ${this.type}\r\nx-request-id: a: b\r\n`
  getResponseHeader = (): string => this.type
  send(body: unknown): void {
    this.sent = body
  }
  abort(): void {
    this.onabort?.()
    this.onloadend?.()
  }
  /** A part of the answer comes. */
  part(text: string, type = "application/x-ndjson"): void {
    Object.assign(this, { type, readyState: 3, responseText: this.responseText + text })
    this.onreadystatechange?.()
  }
  answer(status: number, text: string): void {
    Object.assign(this, { status, responseText: text })
    this.onload?.()
    this.onloadend?.()
  }
}

let scope: EffectScope
beforeEach(() => {
  vi.stubGlobal("XMLHttpRequest", Wire)
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
  connection.answered()
})

const raw = { type: "text/csv", content: "a,b\n" }

describe("a call that tells what was sent", () => {
  it("is a call as any other", async () => {
    const told: [number, number][] = []
    const reply = post<{ n: unknown }>("/x", undefined, { raw, query: { dry_run: true }, onSent: (...sent) => told.push(sent) })
    Wire.last.upload.onprogress!({ loaded: 2, total: 4 })
    Wire.last.answer(200, '{"n": 9007199254740993}')
    expect(String((await reply).data.n)).toBe("9007199254740993")
    expect((await reply).headers.get("X-Request-Id")).toBe("a: b")
    expect([Wire.last.opened, Wire.last.sent, Wire.last.headers["Content-Type"]]).toEqual(["POST /x?dry_run=true", raw.content, "text/csv"])
    expect(told).toEqual([[2, 4]])
  })

  it("fails as any other", async () => {
    const refused = post("/x", undefined, { raw, onSent: () => undefined })
    Wire.last.answer(400, '{"type": "urn:roadbed:problem:invalid", "title": "No"}')
    await expect(refused).rejects.toMatchObject({ status: 400, slug: "invalid" })
    const lost = post("/x", undefined, { raw, onSent: () => undefined })
    Wire.last.onerror!()
    await expect(lost).rejects.toBeInstanceOf(Problem)
    expect(connection.state.online).toBe(false)
    const control = new AbortController()
    const stopped = post("/x", undefined, { raw, onSent: () => undefined, signal: control.signal })
    control.abort()
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" })
    await expect(post("/x", undefined, { raw, onSent: () => undefined, signal: control.signal })).rejects.toMatchObject({ name: "AbortError" })
  })
})

describe("a call that is answered line by line", () => {
  const begun = (told: unknown[] = []): ReturnType<typeof post> => post("/x", undefined, { raw, onSent: () => undefined, onProgress: (one) => told.push(one) })

  it("asks for lines, hears each as it comes, and gives the result", async () => {
    const told: unknown[] = []
    const reply = begun(told)
    expect(Wire.last.headers["Accept"]).toBe("application/x-ndjson, application/json;q=0.5")
    Wire.last.part('{"progress": {"read": 1}}\n{"progress": {"re')
    expect(told).toEqual([{ read: 1 }])
    Wire.last.part('ad": 2}}\n')
    expect(told).toEqual([{ read: 1 }, { read: 2 }])
    Wire.last.answer(200, `${Wire.last.responseText}{"result": {"n": 9007199254740993}}\n`)
    expect(String(((await reply).data as { n: unknown }).n)).toBe("9007199254740993")
  })

  it("is content with a service that tells nothing on the way", async () => {
    const reply = begun()
    Wire.last.part('{"inserted": 1}', "application/json")
    Wire.last.answer(200, '{"inserted": 1}')
    expect((await reply).data).toEqual({ inserted: 1 })
    const refused = begun()
    Wire.last.answer(400, '{"type": "urn:roadbed:problem:invalid", "title": "No"}')
    await expect(refused).rejects.toMatchObject({ status: 400, slug: "invalid" })
  })

  it("fails with what was told before it broke off, and no other way is it taken for whole", async () => {
    const told = begun()
    Wire.last.part('{"progress": {}}\n{"problem": {"type": "urn:roadbed:problem:overloaded", "title": "Busy", "status": 503}}\n')
    Wire.last.onerror!()
    await expect(told).rejects.toMatchObject({ status: 503, slug: "overloaded", title: "Busy" })
    expect(connection.state.online).toBe(true)
    const lost = begun()
    Wire.last.part('{"progress": {}}\n')
    Wire.last.onerror!()
    await expect(lost).rejects.toMatchObject({ slug: "offline" })
    const short = begun()
    Wire.last.part('{"progress": {}}\n{"resu')
    Wire.last.answer(200, Wire.last.responseText)
    await expect(short).rejects.toMatchObject({ slug: "offline" })
  })
})

describe("the pace of rows", () => {
  const rows = (read: number, inserted: number, rejected = 0): RowsTold => ({ read, size: 1000, inserted, changed: 0, rejected })

  it("is counted from what was told first, and bytes say how much is left", () => {
    const sent = { sent: 1000, total: 1000 }
    expect(paceOf(sent)).toEqual({ done: 0, rate: undefined, remaining: undefined })
    expect(paceOf({ ...sent, rows: rows(100, 40), first: rows(100, 40), seconds: 0 })).toEqual({ done: 40, rate: undefined, remaining: undefined })
    expect(paceOf({ ...sent, rows: rows(400, 150, 10), first: rows(100, 40), seconds: 3 })).toEqual({ done: 160, rate: 40, remaining: 6 })
    expect(paceOf({ ...sent, rows: rows(100, 50), first: rows(100, 40), seconds: 1 }).remaining).toBeUndefined()
  })
})

describe("useUpload", () => {
  it("tells how far it is while it lasts", async () => {
    const { progress, run } = scope.run(useUpload)!
    const done = run(8, (options) => post("/x", undefined, { raw, ...options }))
    expect(progress.value).toEqual({ sent: 0, total: 8 })
    Wire.last.upload.onprogress!({ loaded: 3, total: 8 })
    expect(progress.value).toEqual({ sent: 3, total: 8 })
    Wire.last.part('{"progress": {"read": 4, "size": 8, "inserted": 1}}\n')
    expect(progress.value).toMatchObject({ sent: 3, total: 8, rows: { read: 4, inserted: 1 }, first: { read: 4 } })
    Wire.last.type = "application/json"
    Wire.last.answer(200, "{}")
    expect((await done)?.status).toBe(200)
    expect(progress.value).toBeUndefined()
  })

  it("gives nothing when it was stopped, by a person or by the end of its page", async () => {
    const { progress, run, stop } = scope.run(useUpload)!
    const first = run(8, (options) => post("/x", undefined, { raw, ...options }))
    stop()
    expect(await first).toBeUndefined()
    const second = run(8, (options) => post("/x", undefined, { raw, ...options }))
    scope.stop()
    expect(await second).toBeUndefined()
    expect(progress.value).toBeUndefined()
  })

  it("throws what fails by itself", async () => {
    const { run } = scope.run(useUpload)!
    await expect(run(8, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken")
  })
})

describe("the sign of it", () => {
  it("says bytes, then that rows are read", async () => {
    const wrapper = mount(UploadProgress, { props: { progress: { sent: 512, total: 2048 } } })
    expect(wrapper.text()).toContain("512 B of 2 KiB sent (25%)")
    expect(wrapper.get("progress").attributes("value")).toBe("512")
    await wrapper.setProps({ progress: { sent: 2048, total: 2048 }, reading: "Trying …" })
    expect(wrapper.text()).toContain("2 KiB sent. Trying …")
    expect(wrapper.get("progress").attributes("value")).toBeUndefined()
    const first = { read: 0, size: 2000, inserted: 0, rejected: 0 }
    await wrapper.setProps({ progress: { sent: 2048, total: 2048, first, rows: { ...first, read: 500, inserted: 5990, rejected: 10 }, seconds: 2 } })
    expect(wrapper.text()).toContain("6,000 rows, 10 left out · 3,000 rows/s · about 6 s left")
    expect(wrapper.get("progress").attributes()).toMatchObject({ value: "500", max: "2000", "aria-label": "Rows" })
    await wrapper.get("button").trigger("click")
    expect(wrapper.emitted("stop")).toHaveLength(1)
  })
})
