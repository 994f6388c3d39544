import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { effectScope, type EffectScope } from "vue"
import { mount } from "@vue/test-utils"
import { post } from "@/api/client"
import { connection } from "@/api/connection"
import { Problem } from "@/api/problems"
import { useUpload } from "@/parts/uploading"
import UploadProgress from "@/parts/UploadProgress.vue"

/** Stands for the browser's: a test says what happens on the way. */
class Wire {
  static last: Wire
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {}
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  onloadend?: () => void
  status = 0
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
  getAllResponseHeaders = (): string => "content-type: application/json\r\nx-request-id: a: b\r\n"
  send(body: unknown): void {
    this.sent = body
  }
  abort(): void {
    this.onabort?.()
    this.onloadend?.()
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

describe("useUpload", () => {
  it("tells how far it is while it lasts", async () => {
    const { progress, run } = scope.run(useUpload)!
    const done = run(8, (options) => post("/x", undefined, { raw, ...options }))
    expect(progress.value).toEqual({ sent: 0, total: 8 })
    Wire.last.upload.onprogress!({ loaded: 3, total: 8 })
    expect(progress.value).toEqual({ sent: 3, total: 8 })
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
    await wrapper.get("button").trigger("click")
    expect(wrapper.emitted("stop")).toHaveLength(1)
  })
})
