/** One fault of an input: where (a JSON pointer such as `/price`, or the name of a parameter) and what. */
export interface Fault {
  pointer: string
  detail: string
}

/** A failure of a call as the service tells it (RFC 9457), or as the browser does when there was no answer. */
export class Problem extends Error {
  override readonly name = "Problem"

  constructor(
    /** HTTP status, 0 when no answer came. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** The last part of the problem's type: `invalid`, `precondition-failed`, `offline` … */
    readonly slug: string,
    readonly faults: Fault[] = [],
    /** The request's id: what to look for in the logs. */
    readonly instance = "",
    /** All members of the answer. */
    readonly members: Record<string, unknown> = {},
  ) {
    super(detail || title)
  }

  /** The first fault of a field, by its name; for a form. */
  faultOf(field: string): string | undefined {
    return this.faults.find((fault) => fault.pointer === `/${field}` || fault.pointer.startsWith(`/${field}/`))?.detail
  }

  /** Whether someone else changed the row meanwhile. */
  get isConflict(): boolean {
    return this.status === 412
  }

  static offline(): Problem {
    return new Problem(0, "The service does not answer", "Nothing was changed that you have not been told of. The page tries again by itself.", "offline")
  }

  static from(status: number, body: unknown): Problem {
    const members = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {}
    const text = (name: string): string => (typeof members[name] === "string" ? members[name] : "")
    const faults = Array.isArray(members["errors"]) ? (members["errors"] as Fault[]) : []
    const slug = text("type").split(":").at(-1) || "error"
    return new Problem(status, text("title") || `The service answered ${status}`, text("detail"), slug, faults, text("instance"), members)
  }
}
