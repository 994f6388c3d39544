import { newKey } from "@/api/client"
import { writeJson } from "@/api/lossless"
import { Problem } from "@/api/problems"

/**
 * Keeps one Idempotency-Key per intent: the same content sent again after a failure has the same key, so that a reply
 * that was lost writes nothing twice. Content that changed, or was written, begins a new intent.
 */
export class Intent {
  private key = newKey()
  private content = ""

  async send<T>(body: unknown, write: (idempotencyKey: string) => Promise<T>): Promise<T> {
    const content = writeJson(body)
    if (content !== this.content) this.renew(content)
    try {
      const reply = await write(this.key)
      this.renew("")
      return reply
    } catch (error) {
      // A refusal wrote nothing and keeps nothing: what comes next is a new try of its own.
      if (error instanceof Problem && error.status >= 400 && error.status < 500) this.renew("")
      throw error
    }
  }

  private renew(content: string): void {
    this.key = newKey()
    this.content = content
  }
}
