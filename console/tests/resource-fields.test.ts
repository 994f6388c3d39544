import { describe, expect, it } from "vitest"
import type { DomainDescription, ResourceDescription } from "@/api/descriptions"
import { asResource, controlOf, fieldsToCreate, fieldsToEdit, fieldsToShow, labelField, nameOf, referrersOf, rowPath, shortId, singularOf, targetOf, titleOf } from "@/parts/fields"
import { fromLocal, toLocal } from "@/parts/instants"
import { digitsOf, toMajor, toMinor } from "@/parts/money"
import { toneOf } from "@/parts/tones"
import { author, books, born, code, copies, currency, due, extra, id, lent, machine, notes, pages, price, resource, status, title } from "./resource-samples"

describe("fields", () => {
  it.each([
    [title, "text"], [notes, "long"], [{ ...notes, multiline: false }, "long"], [{ ...title, multiline: true }, "long"], [pages, "integer"], [price, "money"], [lent, "flag"],
    [currency, "choice"], [due, "instant"], [extra, "json"], [born, "date"], [author, "reference"], [{ ...pages, type: "real" }, "real"], [{ ...notes, key: true }, "text"],
  ] as const)("%j is edited as %s", (field, control) => {
    expect(controlOf(field)).toBe(control)
  })

  it("go where they belong", () => {
    const about = resource([id, title, status, code, { ...pages, computed: true, writable: false, changeable: false }], { statuses: machine })
    expect(fieldsToCreate(about).map((field) => field.name)).toEqual(["title"])
    expect(fieldsToEdit(about).map((field) => field.name)).toEqual(["title"])
    expect(fieldsToShow(about).map((field) => field.name)).toEqual(["id", "title", "status", "pages"])
  })

  it("tell the currency of an amount as the service does", () => {
    const told = { ...books, fields: [{ ...price, money: { currency: "currency" } }] } as unknown as ResourceDescription
    expect(asResource(told).fields[0]?.money).toBe("currency")
  })
})

describe("names of rows", () => {
  it("are the label, else the end of the key", () => {
    const row = { id: "01a1fdbf-d010-7b04-af5a-54ad43d1c1a9", title: "Solaris", status: "shelf" }
    expect(nameOf(books, row)).toBe("Solaris")
    expect(nameOf(books, { ...row, title: "" })).toBe("…43d1c1a9")
    expect(labelField(copies)).toBeUndefined()
    expect(nameOf(copies, row)).toBe("…43d1c1a9")
    expect(shortId("settings/theme")).toBe("settings/theme")
  })

  it("are words of the resource", () => {
    expect([titleOf({ ...books, title: "the books" }), singularOf(books), singularOf({ ...books, singular: undefined })]).toEqual(["The books", "book", "row"])
    expect(rowPath(books, "a/b ü")).toBe("/books/a%2Fb%20%C3%BC")
  })
})

describe("references", () => {
  const domains = [
    { name: "library", title: "Library", page: "", resources: [{ ...books, name: "authors", path: "/authors" }, books] },
    { name: "other", title: "Other", page: "", resources: [{ ...books, name: "authors", path: "/other/authors" }] },
  ] as unknown as DomainDescription[]

  it("lead by path, or by the name within the domain", () => {
    expect(targetOf(domains, "library", author)?.about.path).toBe("/authors")
    expect(targetOf(domains, "other", { ...author, reference: { resource: "authors", on_delete: "restrict" } })?.about.path).toBe("/other/authors")
    expect(targetOf(domains, "library", title)).toBeUndefined()
  })

  it("are known from the other side", () => {
    expect(referrersOf(domains, "library", "authors").map((one) => `${one.about.path} ${one.field.name}`)).toContain("/books author")
    expect(referrersOf(domains, "nowhere", "authors")).toEqual([])
  })
})

describe("times in the viewer's zone", () => {
  it("come back as the same instant", () => {
    for (const instant of ["2026-07-01T12:00:00.000Z", "2026-01-01T00:00:00.250Z", "0099-05-05T05:05:05.000Z"]) expect(fromLocal(toLocal(instant))).toBe(instant)
  })

  it("are nothing where there is none", () => {
    expect([toLocal(""), toLocal("soon"), fromLocal(""), fromLocal("soon")]).toEqual(["", "", "", ""])
    expect(toLocal("2026-07-01T12:00:00Z")).toMatch(/^2026-07-0[12]T\d\d:\d\d:00$/)
  })
})

describe("money", () => {
  it.each([["4136", "EUR", "41.36"], ["-5", "EUR", "-0.05"], ["4136", "JPY", "4136"], ["9007199254740993", "USD", "90071992547409.93"], ["1", "nonsense", "0.01"]])("%s %s is %s", (minor, code, major) => {
    expect(toMajor(minor, code)).toBe(major)
    expect(toMinor(major, code)).toBe(minor)
  })

  it.each([["41,36", "4136"], ["41.", "4100"], ["41.365", undefined], ["", undefined], ["1.000,00", undefined], [" 7 ", "700"]])("reads %j", (major, minor) => {
    expect(toMinor(major, "EUR")).toBe(minor)
  })

  it("knows the digits of a currency", () => {
    expect([digitsOf("EUR"), digitsOf("JPY"), digitsOf("BHD"), digitsOf("")]).toEqual([2, 0, 3, 2])
  })
})

describe("tones", () => {
  it("come from usual words, else from the place in the machine", () => {
    expect([toneOf("used"), toneOf("Cancelled"), toneOf("lent"), toneOf("shelf", machine), toneOf("sold", machine), toneOf("anything")]).toEqual(["good", "bad", "warn", "accent", "plain", "plain"])
  })
})
