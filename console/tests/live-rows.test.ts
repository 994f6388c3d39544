import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { effectScope, ref, type EffectScope } from "vue"
import { GATHERED_FOR, MARKED_FOR, useFresh, useGathered, useLiveList } from "@/parts/liveRows"

/** Stands for the browser's stream: a test tells what the service would. */
class Stream extends EventTarget {
  static readonly CLOSED = 2
  static opened: Stream[] = []
  readyState = 1
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    Stream.opened.push(this)
  }
  close(): void {
    this.readyState = Stream.CLOSED
  }
  tell(action: string, row: object): void {
    this.dispatchEvent(new MessageEvent(action, { data: JSON.stringify(row) }))
  }
}

let scope: EffectScope
beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal("EventSource", Stream)
  Stream.opened = []
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe("useFresh", () => {
  it("marks a row for a moment, and anew when it changes again", () => {
    const { fresh, mark } = scope.run(useFresh)!
    mark("a")
    vi.advanceTimersByTime(MARKED_FOR - 1)
    mark("b")
    mark("a")
    vi.advanceTimersByTime(1)
    expect([...fresh.value]).toEqual(["a", "b"])
    vi.advanceTimersByTime(MARKED_FOR)
    expect([...fresh.value]).toEqual([])
  })

  it("leaves no timer behind", () => {
    const { mark } = scope.run(useFresh)!
    mark("a")
    expect(vi.getTimerCount()).toBe(1)
    scope.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe("useGathered", () => {
  it("acts once for all calls within a moment", () => {
    const action = vi.fn()
    const soon = scope.run(() => useGathered(action))!
    soon()
    vi.advanceTimersByTime(GATHERED_FOR - 1)
    soon()
    expect(action).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(action).toHaveBeenCalledTimes(1)
    soon()
    vi.advanceTimersByTime(GATHERED_FOR)
    expect(action).toHaveBeenCalledTimes(2)
  })

  it("does not act for a page that is gone", () => {
    const action = vi.fn()
    scope.run(() => useGathered(action))!()
    scope.stop()
    vi.runAllTimers()
    expect(action).not.toHaveBeenCalled()
  })
})

describe("useLiveList", () => {
  const list = (url: string | undefined, changed = vi.fn()) => {
    const address = ref(url)
    const made = scope.run(() => useLiveList<{ id: string }>(address, (row) => row.id, changed))!
    return { ...made, address, changed }
  }

  it("marks what the service tells of, and reads the list once for many of them", () => {
    const { fresh, changed } = list("/things/events")
    const [stream] = Stream.opened
    stream!.tell("create", { id: "1" })
    stream!.tell("change", { id: "2" })
    stream!.tell("delete", { id: "1" })
    expect([...fresh.value].sort()).toEqual(["1", "2"])
    expect(changed).not.toHaveBeenCalled()
    vi.advanceTimersByTime(GATHERED_FOR)
    expect(changed).toHaveBeenCalledTimes(1)
    expect(changed).toHaveBeenCalledWith()
  })

  it("is live while the stream is open, and reads the list after a gap at once", () => {
    const { live, changed } = list("/things/events")
    const [stream] = Stream.opened
    stream!.onopen!()
    expect(live.value).toBe(true)
    expect(changed).not.toHaveBeenCalled()
    stream!.readyState = Stream.CLOSED
    stream!.onerror!()
    expect(live.value).toBe(false)
    vi.advanceTimersByTime(500)
    Stream.opened[1]!.onopen!()
    expect(changed).toHaveBeenCalledTimes(1)
  })

  it("watches nothing without an address, and another one when that changes", async () => {
    const { address } = list(undefined)
    expect(Stream.opened).toEqual([])
    address.value = "/things/events?prefix=a"
    await Promise.resolve()
    expect(Stream.opened.map((stream) => stream.url)).toEqual(["/things/events?prefix=a"])
    scope.stop()
    expect(Stream.opened[0]!.readyState).toBe(Stream.CLOSED)
    expect(vi.getTimerCount()).toBe(0)
  })
})
