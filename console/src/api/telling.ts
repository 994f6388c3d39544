import { parseJson } from "@/api/lossless"
import { Problem } from "@/api/problems"

/** What a long call is answered with when it tells how far it is: lines of JSON, of which the last one is the result. */
export const LINES = "application/x-ndjson"

type Line = { progress: unknown } | { result: unknown } | { problem: { status: number } }

/** Reads the lines of an answer while they come. */
export class Telling {
  private read = 0
  private last: Line | undefined

  constructor(private readonly onProgress: (progress: unknown) => void) {}

  /** Takes all that has come so far. A line that has no end yet is left for later. */
  take(text: string): void {
    for (let end = text.indexOf("\n", this.read); end >= 0; end = text.indexOf("\n", this.read)) {
      this.last = parseJson(text.slice(this.read, end)) as Line
      this.read = end + 1
      if ("progress" in this.last) this.onProgress(this.last.progress)
    }
  }

  /** The problem that ended it, where one was told: the answer has no end then. */
  get problem(): Problem | undefined {
    return this.last && "problem" in this.last ? Problem.from(this.last.problem.status, this.last.problem) : undefined
  }

  /** The result. Throws where none came. */
  get result(): unknown {
    if (this.last && "result" in this.last) return this.last.result
    throw this.problem ?? Problem.offline()
  }
}
