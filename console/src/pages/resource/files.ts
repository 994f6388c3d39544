import type { Imported } from "./batches"

/** The media types that an import reads. */
export type FileType = "text/csv" | "application/x-ndjson" | "application/json"

const ENDINGS: [RegExp, FileType][] = [
  [/\.csv$/i, "text/csv"],
  [/\.(ndjson|jsonl)$/i, "application/x-ndjson"],
  [/\.json$/i, "application/json"],
]

/** The format of a file: by its name, else by how it begins. */
export function typeOf(name: string, beginning: string): FileType {
  const byName = ENDINGS.find(([ending]) => ending.test(name))?.[1]
  if (byName) return byName
  const first = beginning.replace(/^\uFEFF/, "").trimStart()[0]
  if (first === "[") return "application/json"
  return first === "{" ? "application/x-ndjson" : "text/csv"
}

/** What an import would do, or did, in words: "2 new, 1 changed, 5 the same, 1 left out". */
export function countsInWords(counts: Imported, number: (value: number) => string = String): string {
  const parts: [number, string][] = [[counts.inserted, "new"], [counts.changed, "changed"], [counts.unchanged, "the same"], [counts.rejected, "left out"]]
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${number(count)} ${word}`).join(", ") || "no rows"
}

/** The rejects as a table that spreadsheets open: line, tab, reason. */
export function rejectsFile(rejects: Imported["rejects"]): string {
  return ["line\treason", ...rejects.map((one) => `${one.line}\t${one.reason.replace(/[\t\r\n]+/g, " ")}`)].join("\n") + "\n"
}

/** Hands a text to the browser as a file. */
export function saveAs(name: string, text: string, type = "text/tab-separated-values"): void {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
