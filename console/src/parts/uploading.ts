import { onScopeDispose, shallowRef } from "vue"
import type { Options } from "@/api/client"

/** How far the rows of a file are: `read` of `size` bytes, and what became of the rows in them, by its name. */
export interface RowsTold {
  read: number
  size: number
  [outcome: string]: number
}

/** How much of a file has left this browser, in bytes, and how far the service is with its rows, once it tells. */
export interface Progress {
  sent: number
  total: number
  rows?: RowsTold
  /** Seconds since the service told of rows for the first time, and what it told then: a pace is counted from there. */
  seconds?: number
  first?: RowsTold
}

/** Sends one file at a time, tells how far it is, and may be stopped; it stops by itself with its page. */
export function useUpload() {
  const progress = shallowRef<Progress>()
  let control: AbortController | undefined

  /** What `send` gives; undefined: somebody stopped it. */
  async function run<T>(total: number, send: (options: Pick<Options, "signal" | "onSent" | "onProgress">) => Promise<T>): Promise<T | undefined> {
    control?.abort()
    const own = (control = new AbortController())
    progress.value = { sent: 0, total }
    const onSent = (sent: number, all: number): void => {
      if (control === own) progress.value = { ...progress.value, sent, total: all || total }
    }
    const onProgress = paced((told) => {
      if (control === own) progress.value = { ...progress.value!, ...told }
    })
    try {
      return await send({ signal: own.signal, onSent, onProgress })
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

function paced(tell: (told: Pick<Progress, "rows" | "seconds" | "first">) => void): (told: unknown) => void {
  let began: number | undefined
  let first: RowsTold | undefined
  return (told) => {
    const rows = told as RowsTold
    began ??= performance.now()
    first ??= rows
    tell({ rows, first, seconds: (performance.now() - began) / 1000 })
  }
}

export interface Pace {
  /** Rows that the service is done with. */
  done: number
  /** Rows a second; undefined until two moments are known. */
  rate: number | undefined
  /** Seconds until the end, if it goes on as it went. */
  remaining: number | undefined
}

/** How quick it goes, from what was told first and last: bytes say how much is left, for nobody has counted the rows. */
export function paceOf({ rows, first, seconds }: Progress): Pace {
  const done = rows ? rowsIn(rows) : 0
  const [more, bytes] = [done - (first ? rowsIn(first) : 0), (rows?.read ?? 0) - (first?.read ?? 0)]
  if (!rows || !seconds || more <= 0) return { done, rate: undefined, remaining: undefined }
  return { done, rate: more / seconds, remaining: bytes > 0 ? ((rows.size - rows.read) * seconds) / bytes : undefined }
}

const rowsIn = ({ read: _read, size: _size, ...outcomes }: RowsTold): number => Object.values(outcomes).reduce((sum, count) => sum + count, 0)
