import { beforeEach, describe, expect, it } from "vitest"
import { nextTick, ref } from "vue"
import { parseJson } from "@/api/lossless"
import { Problem } from "@/api/problems"
import { allowedForAll, asBegun, blamed, canUndo, deletions, importable, inBatches, moves, resetInWords, secretsInWords, stepsBack, stepsInWords, wayTo } from "@/pages/resource/batches"
import { columnsOf, defaultColumns, useColumns } from "@/pages/resource/columns"
import { countsInWords, rejectsFile, typeOf } from "@/pages/resource/files"
import { asQuery, conditionsOf, filterable, inWords, matches, operatorsOf, withConditions, type Condition } from "@/pages/resource/filters"
import { applied, newestFirst } from "@/pages/resource/live"
import { author, books, code, copies, currency, due, extra, id, lent, machine, notes, pages, price, resource, title } from "./resource-samples"

const found: Condition[] = [
  { field: "pages", operator: "gte", values: ["3"] },
  { field: "author", operator: "is", values: ["a", "b"] },
]

describe("filters in the URL", () => {
  it("come back as they went, beside what else stands there", () => {
    const query = withConditions({ sort: "title", "f.lent": "true", after: "cursor" }, found)
    expect(query).toEqual({ sort: "title", "f.pages.gte": "3", "f.author": ["a", "b"] })
    expect(conditionsOf(query, books)).toEqual(found)
    expect(asQuery(found)).toEqual({ "pages.gte": ["3"], author: ["a", "b"] })
  })

  it("are left out where the list does not take them", () => {
    expect(conditionsOf({ "f.secret": "x", "f.pages.like": "3", "f.title": "", "f.lent": null, pages: "3" }, books)).toEqual([])
  })

  it("are offered as the description says", () => {
    expect(filterable(books).map((field) => field.name)).toEqual(["title", "author", "pages", "lent", "id", "version", "created_at"])
    expect(operatorsOf(books, "pages")).toEqual(["is", "gte", "lte", "gt", "lt", "null"])
    expect(operatorsOf(books, "created_at")).toEqual(["gte"])
  })

  it("are said in words", () => {
    const say = (value: string): string => value.toUpperCase()
    expect(inWords(found[0]!, pages, say)).toBe("Pages ≥ 3")
    expect(inWords(found[1]!, author, say)).toBe("Author is A or B")
    expect(inWords({ field: "due", operator: "lt", values: ["x"] }, due, say)).toBe("Due before X")
    expect(inWords({ field: "pages", operator: "null", values: ["true"] }, pages, say)).toBe("Pages has no value")
    expect(inWords({ field: "pages", operator: "null", values: ["false"] }, pages, say)).toBe("Pages has a value")
  })
})

describe("whether a row fits the filters", () => {
  const row = parseJson('{"title": "Solaris", "pages": 9007199254740993, "lent": true, "due": "2026-11-21T10:00:00.500000Z", "extra": null}') as Record<string, unknown>
  const fits = (field: string, operator: Condition["operator"], ...values: string[]): boolean => matches(row, [{ field, operator, values }], "", books)

  it("compares integers by their digits", () => {
    expect([fits("pages", "gt", "9007199254740992"), fits("pages", "gt", "9007199254740993"), fits("pages", "is", "1", "9007199254740993"), fits("pages", "lte", "9007199254740993")]).toEqual([true, false, true, true])
  })

  it("compares texts, flags, times and nulls", () => {
    expect([fits("title", "prefix", "Sol"), fits("title", "prefix", "sol"), fits("lent", "is", "true"), fits("lent", "is", "false")]).toEqual([true, false, true, false])
    expect([fits("due", "gte", "2026-11-21T10:00:00.500Z"), fits("due", "lt", "2026-11-21T10:00:00.500Z")]).toEqual([true, false])
    expect([fits("extra", "null", "true"), fits("extra", "null", "false"), fits("extra", "is", "1")]).toEqual([true, false, false])
  })

  it("takes what the row does not tell as a yes, and searches without case", () => {
    expect(fits("created_at", "gte", "2027-01-01T00:00:00Z")).toBe(true)
    expect([matches(row, [], "LARI", books), matches(row, [], "kindred", books)]).toEqual([true, false])
  })
})

describe("changes as they happen", () => {
  const rows = [{ id: "2", title: "B" }, { id: "1", title: "A" }]
  const view = { about: resource([id, title]), conditions: [], q: "", sort: "-created_at", first: true, limit: 3 }
  const told = (action: "create" | "change" | "delete", row: Record<string, unknown>, more = {}) => applied(rows, { action, row, number: "9" }, { ...view, ...more })

  it("put a new row on top where the newest come first, and keep the page's size", () => {
    expect(told("create", { id: "3", title: "C", version: 9 })).toEqual({ rows: [{ id: "3", title: "C" }, ...rows], offered: false })
    expect(told("create", { id: "3", title: "C" }, { limit: 2 }).rows).toHaveLength(2)
    expect([newestFirst(view), newestFirst({ ...view, first: false }), newestFirst({ ...view, sort: "title" }), newestFirst({ ...view, sort: "-id" })]).toEqual([true, false, false, true])
  })

  it("offer a new row that lies elsewhere", () => {
    expect(told("create", { id: "3", title: "C" }, { sort: "title" })).toEqual({ rows, offered: true })
    expect(told("create", { id: "3", title: "C" }, { first: false }).offered).toBe(true)
    expect(told("create", { id: "3", title: "C" }, { q: "zzz", sort: "title" })).toEqual({ rows, offered: false })
  })

  it("change rows in their place, and take away what is gone or fits no more", () => {
    expect(told("change", { id: "1", title: "AA" }).rows).toEqual([rows[0], { id: "1", title: "AA" }])
    expect(told("create", { id: "1", title: "AA" }).rows).toHaveLength(2)
    expect(told("change", { id: "1", title: "AA" }, { q: "b" }).rows).toEqual([rows[0]])
    expect(told("delete", { id: "2" }).rows).toEqual([rows[1]])
    expect(told("delete", { id: "7" }).rows).toEqual(rows)
    expect(told("change", { id: "7", title: "X" })).toEqual({ rows, offered: false })
  })
})

describe("columns", () => {
  beforeEach(() => localStorage.clear())
  const about = resource([id, notes, title, price, { ...title, name: "price_display", label: "Price" }, currency, extra, code, { ...pages, name: "version" }, lent])

  it("begin with what tells the row, end with its key, and leave out what is long or said twice", () => {
    expect(columnsOf(about).map((field) => field.name)).toEqual(["title", "notes", "price", "price_display", "currency", "extra", "version", "lent", "id"])
    expect(defaultColumns(about)).toEqual(["title", "price", "lent", "id"])
    expect(defaultColumns(copies)).toEqual(["id", "author", "status"])
  })

  it("are kept for the resource, without fields that are gone", async () => {
    const names = useColumns(ref(about))
    names.value = ["title", "lent"]
    await nextTick()
    expect(useColumns(ref(about)).value).toEqual(["title", "lent"])
    localStorage.setItem("roadbed-columns-/books", '["gone", "lent", "code"]')
    expect(useColumns(ref(about)).value).toEqual(["lent"])
    localStorage.setItem("roadbed-columns-/books", "{")
    expect(useColumns(ref(about)).value).toEqual(defaultColumns(about))
  })
})

describe("several rows at once", () => {
  it("go in batches of a hundred", () => {
    expect(inBatches(Array.from({ length: 201 }, (_, at) => at)).map((part) => part.length)).toEqual([100, 100, 1])
    expect(inBatches([])).toEqual([])
    expect(deletions(books, ["a", "b/c"])).toEqual([{ method: "DELETE", path: "/books/a" }, { method: "DELETE", path: "/books/b%2Fc" }])
    expect(moves(copies, ["a"], "lent")).toEqual([{ method: "POST", path: "/copies/a/status", body: { status: "lent" } }])
  })

  it("say whose refusal undid all", () => {
    const refusal = new Problem(409, "Conflict", "/operations/1: Rows of books refer to it by author", "reference")
    expect(blamed(refusal, ["a", "b"])).toEqual({ key: "b", detail: "Rows of books refer to it by author" })
    expect(blamed(new Problem(503, "Busy", "", "busy"), ["a"])).toEqual({ key: undefined, detail: "Busy" })
    expect(blamed(new Error("x"), ["a"]).key).toBeUndefined()
  })

  it("may go where all may go", () => {
    expect(allowedForAll(copies, [{ status: "shelf" }, { status: "lent" }])).toEqual(["lost"])
    expect(allowedForAll(copies, [{ status: "sold" }])).toEqual([])
    expect(allowedForAll(copies, [])).toEqual([])
    expect(allowedForAll(books, [{ status: "shelf" }])).toEqual([])
  })

  it("come back with their key, in the first status, without what the service makes", () => {
    const about = resource([id, title, code, { ...pages, writable: false }], { statuses: machine })
    expect(importable(about, { id: "1", title: "A", code: "x", pages: 3, version: 2 })).toEqual({ id: "1", title: "A" })
    expect(asBegun(copies, [{ id: "1", status: "lent" }, { id: "2", status: "shelf" }])).toEqual({ rows: [{ id: "1", status: "shelf" }, { id: "2", status: "shelf" }], reset: [{ key: "1", was: "lent" }] })
    expect(resetInWords(copies, 1, [{ key: "1", was: "lent" }])).toBe(" It was lent, and begins again as shelf: a new row has no other status.")
    expect(resetInWords(copies, 2, [{ key: "1", was: "lent" }])).toContain(" One was lent, and begins again as shelf")
    expect(resetInWords(copies, 2, [{ key: "1", was: "lent" }, { key: "2", was: "lost" }])).toContain(" 2 were lent or lost, and begin again as shelf")
    expect([resetInWords(copies, 1, []), resetInWords(books, 1, [])]).toEqual(["", ""])
    expect(asBegun(books, [{ title: "A" }])).toEqual({ rows: [{ title: "A" }], reset: [] })
    expect([canUndo(books), canUndo({ ...books, history: false }), canUndo({ ...books, verbs: ["list", "delete"] })]).toEqual([true, false, false])
  })
})

describe("the way back to the status that a row had", () => {
  // As of vouchers: refunded comes after cancelled alone; from nowhere does anything lead to gone.
  const longer = { ...copies, statuses: { field: "status", first: "shelf", allowed: { shelf: ["lent", "lost"], lent: ["shelf", "sold"], lost: ["sold"], sold: ["burnt"], gone: ["shelf"] } } }
  const lent = { key: "a/b", was: "lent" }

  it("is the shortest one that the machine allows", () => {
    expect(["shelf", "lent", "sold", "burnt", "gone"].map((status) => wayTo(longer, status))).toEqual([[], ["lent"], ["lent", "sold"], ["lent", "sold", "burnt"], undefined])
    expect(wayTo(books, "lent")).toBeUndefined()
  })

  it("is taken step by step, row by row", () => {
    expect(stepsBack(longer, [lent, { key: "2", was: "sold" }, { key: "3", was: "gone" }])).toEqual([
      { method: "POST", path: "/copies/a%2Fb/status", body: { status: "lent" } },
      { method: "POST", path: "/copies/2/status", body: { status: "lent" } },
      { method: "POST", path: "/copies/2/status", body: { status: "sold" } },
    ])
  })

  it("is offered in words", () => {
    expect(stepsInWords(longer, [lent, { ...lent, key: "2" }])).toBe("Set to lent")
    expect(stepsInWords(longer, [{ key: "2", was: "burnt" }])).toBe("Set to lent, then sold, then burnt")
    expect(stepsInWords(longer, [lent, { key: "2", was: "sold" }])).toBe("Set to what they were")
    expect([stepsInWords(longer, []), stepsInWords(longer, [{ key: "3", was: "gone" }])]).toEqual([undefined, undefined])
    expect(resetInWords(longer, 1, [{ key: "3", was: "gone" }])).toContain("No step that is allowed leads back to gone.")
  })

  it("brings no secret back", () => {
    expect(secretsInWords(resource([id, code]))).toBe(" The code it had no longer counts: a new one was made that nobody knows.")
    expect(secretsInWords(books)).toBe("")
  })
})

describe("files", () => {
  it.each([["a.csv", "", "text/csv"], ["A.NDJSON", "", "application/x-ndjson"], ["a.json", "", "application/json"], ["a.txt", "\uFEFF [1]", "application/json"], ["a", '{"a": 1}', "application/x-ndjson"], ["a", "id,title", "text/csv"]])("%s beginning with %j is %s", (name, beginning, type) => {
    expect(typeOf(name, beginning)).toBe(type)
  })

  it("tell what became of the rows", () => {
    const counts = { inserted: 2, changed: 0, unchanged: 7, rejected: 1, rejects: [{ line: 5, reason: "/order: Expected\t`integer`\n" }] }
    expect(countsInWords(counts)).toBe("2 new, 7 the same, 1 left out")
    expect(countsInWords({ ...counts, inserted: 0, unchanged: 0, rejected: 0 })).toBe("no rows")
    expect(rejectsFile(counts.rejects)).toBe("line\treason\n5\t/order: Expected `integer` \n")
  })
})
