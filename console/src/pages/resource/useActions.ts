import { useQueryClient } from "@tanstack/vue-query"
import { post, remove } from "@/api/client"
import type { DomainDescription, Row } from "@/api/descriptions"
import { Problem } from "@/api/problems"
import { confirm } from "@/parts/confirming"
import { keyOf, nameOf, referrersOf, rowPath, titleOf, type Resource } from "@/parts/fields"
import { tell, tellFailure } from "@/parts/toasts"
import { allowedForAll, blamed, canUndo, deletions, doneInWords, inBatches, keysOfSteps, MOST_AT_ONCE, moves, resetInWords, runAll, secretsInWords, stepsBack, stepsInWords, undelete, type Reset } from "./batches"
import { countsInWords } from "./files"

/** What is done to rows of a resource, one or many, by the list and by the page of a row. */
export function useActions(domain: string, about: Resource, domains: () => readonly DomainDescription[]) {
  const client = useQueryClient()

  function refresh(): void {
    for (const key of ["rows", "row", "history"]) void client.invalidateQueries({ queryKey: [key] })
  }

  const called = (rows: readonly Row[]): string => (rows.length === 1 ? nameOf(about, rows[0]!) : `${rows.length} ${titleOf(about).toLowerCase()}`)

  /** What a deletion brings with it, in words; "" where it can simply be undone. */
  function consequences(count: number): string {
    const others = referrersOf(domains(), domain, about.name)
    const gone = others.filter(({ field }) => field.reference?.on_delete === "cascade").map((one) => titleOf(one.about).toLowerCase())
    const words = [
      gone.length ? `What refers to it goes with it: ${gone.join(", ")}.` : "",
      gone.length && canUndo(about) ? "An undo does not bring that back." : "",
      canUndo(about) ? "" : "This cannot be undone.",
      count > MOST_AT_ONCE ? `They go in groups of ${MOST_AT_ONCE}: of each group all, or none.` : "",
      count > 1 && count <= MOST_AT_ONCE ? "Either all of them are deleted, or none." : "",
    ]
    return gone.length || !canUndo(about) || count > 1 ? words.filter(Boolean).join(" ") : ""
  }

  async function undo(rows: readonly Row[]): Promise<void> {
    try {
      const done = await undelete(about, rows.map((row) => keyOf(about, row)))
      const reset = resetInWords(about, rows.length, done.reset) + secretsInWords(about)
      const label = stepsInWords(about, done.reset)
      if (done.rejected) tell(`Not all came back (${countsInWords(done)}): ${done.rejects[0]?.reason ?? ""}`, undefined, "bad")
      else tell(`Brought back ${called(rows)}.${reset}`, label ? { label, run: () => void setBack(rows, done.reset) } : undefined, reset ? "plain" : "good")
    } catch (error) {
      tellFailure(error)
    }
    refresh()
  }

  /**
   * Takes rows that came back to the status that each had, by the steps that anybody could take, in transactions of up to
   * 100 of them. It is asked for and never done by itself: a step may send a message, and the history shows it as one of
   * today.
   */
  async function setBack(rows: readonly Row[], reset: readonly Reset[]): Promise<void> {
    const keys = keysOfSteps(about, reset)
    // Some rows needed no step, and to some no way leads.
    const moved = rows.filter((row) => keys.includes(keyOf(about, row)))
    let done = 0
    try {
      await runAll(stepsBack(about, reset), (count) => (done = count))
      const were = [...new Set(reset.filter((one) => keys.includes(one.key)).map((one) => one.was))]
      tell(`${called(moved)}: ${were.length === 1 ? `now ${were[0]}` : "as they were"}.`)
    } catch (error) {
      explain(error, moved, "moved", keys, done)
    }
    refresh()
  }

  /** Deletes rows; whether that was done. `gone` is told before anything is read again. */
  async function erase(rows: readonly Row[], gone: () => void = () => undefined): Promise<boolean> {
    const text = consequences(rows.length)
    if (text && !(await confirm({ title: `Delete ${called(rows)}?`, text, action: rows.length > 1 ? `Delete ${rows.length}` : "Delete", danger: true }))) return false
    const keys = rows.map((row) => keyOf(about, row))
    let done = 0
    try {
      if (keys.length === 1) await remove(rowPath(about, keys[0]!))
      else await runAll(deletions(about, keys), (count) => (done = count))
      gone()
      tell(`Deleted ${called(rows)}.`, canUndo(about) ? { label: "Undo", run: () => void undo(rows) } : undefined)
      return true
    } catch (error) {
      if (keys.length === 1) tellFailure(error)
      else explain(error, rows, "deleted", keys, done)
      return false
    } finally {
      refresh()
    }
  }

  /** Tells why operations failed: `keys[n]` is the row of the n-th, and the first `done` of them are committed. */
  function explain(error: unknown, rows: readonly Row[], what: string, keys: readonly string[], done: number): void {
    const isKnown = error instanceof Problem && error.status !== 0 && !["outcome-unknown", "deadline-exceeded"].includes(error.slug)
    if (!isKnown && done === 0) return tellFailure(error)
    const { key, detail } = blamed(error, inBatches(keys.slice(done))[0] ?? [])
    const row = rows.find((one) => keyOf(about, one) === key)
    const why = isKnown ? `${row ? `${nameOf(about, row)}: ` : ""}${detail}` : `Of the next ones it is not known: ${error instanceof Problem ? error.title : String(error)}.`
    tell(`${doneInWords(keys, done, what)} ${why}`, undefined, "bad")
  }

  /** Moves rows to a status. A refusal says what is allowed. */
  async function move(rows: readonly Row[], status: string): Promise<boolean> {
    const final = (about.statuses?.allowed[status] ?? []).length === 0
    const question = { title: `Set ${called(rows)} to ${status}?`, text: `No way leads on from ${status}, nor back.`, action: `Set to ${status}`, danger: true }
    if (final && !(await confirm(question))) return false
    const keys = rows.map((row) => keyOf(about, row))
    const [one] = moves(about, keys, status)
    let done = 0
    try {
      if (keys.length === 1) await post(one!.path, one!.body)
      else await runAll(moves(about, keys, status), (count) => (done = count))
      tell(`${called(rows)}: now ${status}.`)
      return true
    } catch (error) {
      if (keys.length === 1) tellFailure(error)
      else explain(error, rows, "moved", keys, done)
      return false
    } finally {
      refresh()
    }
  }

  const allowed = (rows: readonly Row[]): string[] => allowedForAll(about, rows)
  return { erase, move, allowed, refresh }
}
