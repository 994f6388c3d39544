import { onScopeDispose, shallowRef } from "vue"
import type { Options } from "@/api/client"

/** How much of a file has left this browser, in bytes. The service reads on for a while after the last one. */
export interface Progress {
  sent: number
  total: number
}

/** Sends one file at a time, tells how far it is, and may be stopped; it stops by itself with its page. */
export function useUpload() {
  const progress = shallowRef<Progress>()
  let control: AbortController | undefined

  /** What `send` gives; undefined: somebody stopped it. */
  async function run<T>(total: number, send: (options: Pick<Options, "signal" | "onSent">) => Promise<T>): Promise<T | undefined> {
    control?.abort()
    const own = (control = new AbortController())
    progress.value = { sent: 0, total }
    const onSent = (sent: number, all: number): void => {
      if (control === own) progress.value = { sent, total: all || total }
    }
    try {
      return await send({ signal: own.signal, onSent })
    } catch (error) {
      if (own.signal.aborted) return undefined
      throw error
    } finally {
      if (control === own) control = progress.value = undefined
    }
  }

  const stop = (): void => control?.abort()
  onScopeDispose(stop)
  return { progress, run, stop }
}
