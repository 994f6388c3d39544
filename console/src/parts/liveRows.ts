import { onScopeDispose, shallowRef, type Ref } from "vue"
import { useEvents } from "@/api/events"

/** Milliseconds that a row stays marked; as long as the mark takes to fade. */
export const MARKED_FOR = 2500
/** Milliseconds that further events are waited for, until the list is read anew. */
export const GATHERED_FOR = 150

/** The rows that just changed, by key: each is marked for a moment, anew when it changes again. */
export function useFresh() {
  const fresh = shallowRef<ReadonlySet<string>>(new Set())
  const timers = new Map<string, ReturnType<typeof setTimeout>>()

  function forget(key: string): void {
    timers.delete(key)
    fresh.value = new Set([...fresh.value].filter((one) => one !== key))
  }

  function mark(key: string): void {
    clearTimeout(timers.get(key))
    timers.set(key, setTimeout(() => forget(key), MARKED_FOR))
    fresh.value = new Set(fresh.value).add(key)
  }

  onScopeDispose(() => timers.forEach((timer) => clearTimeout(timer)))
  return { fresh, mark }
}

/** Calls `action` once for all calls within a moment; not at all once its component is gone. */
export function useGathered(action: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(waiting))
  return () => {
    waiting ??= setTimeout(() => {
      waiting = undefined
      action()
    }, GATHERED_FOR)
  }
}

/**
 * Keeps a list up to date by an event stream: marks the rows that events tell of, and calls `changed`, once for many of
 * them. After a gap of the stream it is called at once. Without a `url` nothing is watched.
 */
export function useLiveList<T>(url: Ref<string | undefined>, keyOf: (row: T) => string, changed: () => unknown) {
  const { fresh, mark } = useFresh()
  const soon = useGathered(() => void changed())
  const { live } = useEvents<T>(
    url,
    ({ row }) => {
      mark(keyOf(row))
      soon()
    },
    () => void changed(),
  )
  return { live, fresh, mark }
}
