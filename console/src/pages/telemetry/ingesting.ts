/** What the service takes, by the end of a file's name. */
const TYPES: Record<string, string> = { csv: "text/csv", txt: "text/csv", json: "application/json", ndjson: "application/x-ndjson", jsonl: "application/x-ndjson" }

/** The most bytes of one ingest. */
export const LARGEST = 64 * 1024 * 1024

export const ACCEPTED = Object.keys(TYPES).map((end) => `.${end}`).join(",")

/** The media type of a file by its name; undefined: none that is taken. */
export function typeOf(name: string): string | undefined {
  return TYPES[name.toLowerCase().split(".").at(-1) ?? ""]
}

/** Why a file cannot be sent; undefined: it can. */
export function refusal(file: { name: string; size: number }): string | undefined {
  if (!typeOf(file.name)) return "A file that ends in .csv, .json or .ndjson is expected."
  if (file.size === 0) return "The file is empty."
  if (file.size > LARGEST) return "It is larger than 64 MiB, the most that one upload may have. `roadbed import telemetry FILE` takes files of any size."
  return undefined
}
