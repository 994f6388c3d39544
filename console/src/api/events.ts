import { onScopeDispose, readonly, ref, watch, type Ref } from "vue"
import { connection } from "@/api/connection"
import { parseJson } from "@/api/lossless"

export type Change<T> = { action: "create" | "change" | "delete"; row: T; number: string }

const LONGEST_WAIT = 30_000

/**
 * Watches an event stream of the service while the component lives. `url` may change, and undefined closes.
 *
 * The browser resumes after `Last-Event-ID` by itself. When the service says that this is not possible (410: the log does
 * not go back so far), `onGap` is called, which reads the present state, and a new stream begins.
 */
export function useEvents<T>(
  url: Ref<string | undefined>,
  onChange: (change: Change<T>) => void,
  onGap: () => void = () => undefined,
): { live: Readonly<Ref<boolean>> } {
  const live = ref(false)
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let wait = 500

  function close(): void {
    clearTimeout(timer)
    source?.close()
    source = undefined
    live.value = false
  }

  function open(again: boolean): void {
    close()
    if (!url.value) return
    const stream = new EventSource(url.value)
    source = stream
    stream.onopen = () => {
      wait = 500
      live.value = true
      // What happened between the last read and this moment is in no stream.
      if (again) onGap()
    }
    stream.onerror = () => {
      live.value = false
      if (stream.readyState !== EventSource.CLOSED) return
      timer = setTimeout(() => open(true), wait)
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
    for (const action of ["create", "change", "delete"] as const) {
      stream.addEventListener(action, (event) => onChange({ action, row: parseJson(event.data) as T, number: event.lastEventId }))
    }
  }

  watch(url, () => open(false), { immediate: true })
  const forget = connection.onReturn(() => open(true))
  onScopeDispose(() => {
    forget()
    close()
  })
  return { live: readonly(live) }
}
