import { reactive } from "vue"

const PROBE_EVERY = 2000

/** Whether the service answers. While it does not, it is asked every two seconds; who waits is told when it is back. */
class Connection {
  readonly state = reactive({ online: true })
  private probing: ReturnType<typeof setTimeout> | undefined
  private readonly waiting = new Set<() => void>()

  /** Calls `listener` each time that the service is back. */
  onReturn(listener: () => void): () => void {
    this.waiting.add(listener)
    return () => this.waiting.delete(listener)
  }

  answered(): void {
    if (this.state.online) return
    clearTimeout(this.probing)
    this.probing = undefined
    this.state.online = true
    for (const listener of this.waiting) listener()
  }

  failed(): void {
    this.state.online = false
    this.probing ??= setTimeout(() => void this.probe(), PROBE_EVERY)
  }

  private async probe(): Promise<void> {
    this.probing = undefined
    try {
      await fetch("/health/live", { cache: "no-store" })
      this.answered()
    } catch {
      this.failed()
    }
  }
}

export const connection = new Connection()
