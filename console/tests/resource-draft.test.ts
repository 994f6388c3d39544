import { mount } from "@vue/test-utils"
import { describe, expect, it } from "vitest"
import { parseJson, writeJson } from "@/api/lossless"
import { bodyOfEdit, bodyOfNew, boundsInWords, draftOf, EMPTY, newDraft, readText, sameDraft, takesEmpty } from "@/parts/draft"
import FieldInput from "@/parts/FieldInput.vue"
import { author, born, currency, due, extra, lent, notes, pages, price, title } from "./resource-samples"

const faultOf = (field: Parameters<typeof readText>[0], text: string, draft = {}) => (readText(field, text, draft) as { fault?: string }).fault
const valueOf = (field: Parameters<typeof readText>[0], text: string, draft = {}) => (readText(field, text, draft) as { value?: unknown }).value

describe("what stands in a control becomes JSON", () => {
  it("keeps every digit of an integer", () => {
    const wide = { ...pages, bounds: {} }
    expect(writeJson(valueOf(wide, "9007199254740993"))).toBe("9007199254740993")
    expect(writeJson(valueOf(wide, "-9223372036854775808"))).toBe("-9223372036854775808")
  })

  it.each([["007", "7"], ["-0", "0"], [" 12 ", "12"], ["0", "0"]])("reads %j as %s", (text, digits) => {
    expect(writeJson(valueOf({ ...pages, bounds: {} }, text))).toBe(digits)
  })

  it.each(["1.0", "1e3", "twelve", "--1", "0x10"])("refuses %j as an integer", (text) => {
    expect(faultOf(pages, text)).toBe("A whole number, such as 12")
  })

  it("holds the bounds of numbers, and those of 64 bits", () => {
    expect(faultOf(pages, "0")).toBe("At least 1")
    expect(faultOf(pages, "1001")).toBe("At most 1000")
    expect(faultOf({ ...pages, bounds: { gt: 0, lt: 10 } }, "0")).toBe("More than 0")
    expect(faultOf({ ...pages, bounds: { gt: 0, lt: 10 } }, "10")).toBe("Less than 10")
    expect(faultOf({ ...pages, bounds: {} }, "9223372036854775808")).toBe("At most 64 bits")
    const wide = { ...pages, bounds: { le: parseJson("9007199254740993") } }
    expect(valueOf(wide, "9007199254740993")).toBeDefined()
    expect(faultOf(wide, "9007199254740994")).toBe("At most 9007199254740993")
  })

  it.each([["1.5", "1.5"], ["1,5", "1.5"], [".5", "0.5"], ["2.", "2"], ["1e3", "1e3"]])("reads the real number %j", (text, json) => {
    expect(writeJson(valueOf({ ...pages, type: "real", bounds: {} }, text))).toBe(json)
  })

  it("takes amounts as people write them", () => {
    expect(valueOf(price, "41.36", { currency: "EUR" })).toBe(4136)
    expect(valueOf(price, "41,3", { currency: "EUR" })).toBe(4130)
    expect(valueOf(price, "4136", { currency: "JPY" })).toBe(4136)
    expect(faultOf(price, "41.365", { currency: "EUR" })).toBe("An amount, such as 12.50")
    expect(faultOf(price, "0", { currency: "EUR" })).toBe("At least 0.01")
  })

  it("counts characters as the service does, by code points", () => {
    expect(valueOf({ ...title, bounds: { max_length: 2 } }, "🂡🂢")).toBe("🂡🂢")
    expect(faultOf({ ...title, bounds: { max_length: 2 } }, "🂡🂢🂣")).toBe("At most 2 characters; these are 3")
    expect(faultOf({ ...title, bounds: { min_length: 3 } }, "ab")).toBe("At least 3 characters")
    expect(faultOf(title, "")).toBe("A value is needed")
  })

  it("holds patterns, and leaves to the service those that browsers cannot read", () => {
    const isbn = { ...title, bounds: { pattern: "^97[89]\\d{10}$" } }
    expect(valueOf(isbn, "9780000000001")).toBe("9780000000001")
    expect(faultOf(isbn, "12")).toBe("It does not have the form ^97[89]\\d{10}$")
    expect(valueOf({ ...title, bounds: { pattern: "(?P<year>x)\\Z" } }, "12")).toBe("12")
  })

  it("reads nothing as null where that is allowed, and asks for a value where it is not", () => {
    expect(valueOf(pages, "")).toBeNull()
    expect(valueOf(due, "")).toBeNull()
    expect(valueOf(notes, "")).toBe("")
    expect(faultOf(author, "")).toBe("A value is needed")
    expect(faultOf({ ...pages, optional: false }, "")).toBe("A value is needed")
  })

  it("reads documents with all their digits", () => {
    expect(writeJson(valueOf(extra, '{"big": 9007199254740993, "one": 1.0}'))).toBe('{"big":9007199254740993,"one":1.0}')
    expect(faultOf(extra, "{")).toBe("This is no valid JSON")
    expect(valueOf(born, "1929-10-21")).toBe("1929-10-21")
  })

  it("reads a key of another resource by its kind", () => {
    expect(valueOf({ ...author, type: "integer" }, "7")).toBe(7)
  })
})

describe("a new row", () => {
  it("begins with the defaults, and sends what was filled in", () => {
    const fields = [title, pages, lent, notes]
    const draft = newDraft(fields)
    expect(draft).toEqual({ title: "", pages: "", lent: "false", notes: "" })
    expect(bodyOfNew(fields, { ...draft, title: "Solaris" })).toEqual({ body: { title: "Solaris", lent: false }, faults: {} })
  })

  it("names what is missing", () => {
    expect(bodyOfNew([title, price, currency], newDraft([title, price, currency])).faults).toEqual({ title: "A value is needed", price: "A value is needed", currency: "A value is needed" })
  })

  it("says null where a default was taken away", () => {
    expect(bodyOfNew([{ ...pages, default: 100 }], { pages: "" }).body).toEqual({ pages: null })
  })
})

describe("an edit", () => {
  const row = parseJson('{"title": "Solaris", "pages": 9007199254740993, "lent": true, "price": 4136, "currency": "EUR", "due": "2026-11-21T10:56:10.066952Z", "extra": {"a": 1.0}, "notes": ""}') as Record<string, unknown>
  const wide = { ...pages, bounds: {} }
  const fields = [title, wide, lent, price, currency, due, extra, notes]

  it("sends nothing when nothing was touched", () => {
    expect(bodyOfEdit(fields, draftOf(fields, row), row)).toEqual({ body: {}, faults: {} })
  })

  it("sends what was changed alone", () => {
    expect(bodyOfEdit(fields, { ...draftOf(fields, row), title: "Kindred", lent: "false" }, row).body).toEqual({ title: "Kindred", lent: false })
    expect(writeJson(bodyOfEdit(fields, { ...draftOf(fields, row), pages: "9007199254740995" }, row).body)).toBe('{"pages":9007199254740995}')
  })

  it("keeps the microseconds of a time that was not touched", () => {
    expect(draftOf(fields, row)["due"]).toBe("2026-11-21T10:56:10.066952Z")
  })

  it("sends no document that is only laid out otherwise", () => {
    expect(bodyOfEdit(fields, { ...draftOf(fields, row), extra: '{ "a":1.0 }' }, row).body).toEqual({})
  })

  it("reads an amount anew when its currency changes", () => {
    const draft = draftOf(fields, row)
    expect(draft["price"]).toBe("41.36")
    expect(bodyOfEdit(fields, { ...draft, currency: "JPY" }, row).faults).toEqual({ price: "An amount, such as 12.50" })
    expect(bodyOfEdit(fields, { ...draft, currency: "JPY", price: "4136" }, row).body).toEqual({ currency: "JPY" })
  })

  it("leaves an empty text as it is until somebody writes", () => {
    const text = { ...notes, optional: true }
    expect(bodyOfEdit([text], draftOf([text], { notes: "" }), { notes: "" }).body).toEqual({})
  })
})

describe("the words around a form", () => {
  it("says bounds that help", () => {
    expect(boundsInWords(pages)).toBe("1 to 1,000")
    expect(boundsInWords(price)).toBe("from 0.01")
    expect(boundsInWords({ ...pages, bounds: { le: parseJson("9223372036854775807") } })).toBe("")
    expect(boundsInWords({ ...title, bounds: { pattern: "^a" } })).toBe("form ^a")
    expect(boundsInWords(title)).toBe("")
  })

  it("tells whether anything was typed", () => {
    expect(sameDraft({ a: "1" }, { a: "1", b: "" })).toBe(true)
    expect(sameDraft({ a: "1" }, { a: "2" })).toBe(false)
  })
})

describe("an optional text may be empty, or have no value", () => {
  const nickname = { ...title, name: "nickname", label: "Nickname", bounds: {}, required: false, optional: true }
  const input = (modelValue: string, field = nickname) => mount(FieldInput, { props: { field, control: { id: "x" }, modelValue } })

  it("where the service takes both", () => {
    expect(takesEmpty(nickname)).toBe(true)
    expect(takesEmpty({ ...nickname, multiline: true })).toBe(true)
    const others = [title, notes, pages, currency, { ...nickname, optional: false }, { ...nickname, bounds: { min_length: 1 } }, { ...nickname, bounds: { pattern: "^a" } }, { ...nickname, choices: ["a"] }, { ...nickname, type: "uuid" }]
    expect(others.filter(takesEmpty)).toEqual([])
  })

  it("keeps them apart on the way into a form and out of it", () => {
    expect(draftOf([nickname], { nickname: null })).toEqual({ nickname: "" })
    expect(draftOf([nickname], { nickname: "" })).toEqual({ nickname: EMPTY })
    expect(bodyOfEdit([nickname], { nickname: EMPTY }, { nickname: "" })).toEqual({ body: {}, faults: {} })
    expect(bodyOfEdit([nickname], { nickname: EMPTY }, { nickname: null })).toEqual({ body: { nickname: "" }, faults: {} })
    expect(bodyOfEdit([nickname], { nickname: "" }, { nickname: "" })).toEqual({ body: { nickname: null }, faults: {} })
    expect(bodyOfNew([nickname], { nickname: EMPTY }).body).toEqual({ nickname: "" })
    expect(bodyOfNew([nickname], { nickname: "" }).body).toEqual({})
    expect(draftOf([notes], { notes: "" })).toEqual({ notes: "" })
  })

  it.each([false, true])("is chosen with a button while nothing is typed (lines: %s)", async (multiline) => {
    const wrapper = input("", { ...nickname, multiline })
    const control = wrapper.get("input, textarea")
    expect(control.attributes("placeholder")).toBe("No value")
    expect(wrapper.get("button").attributes()).toMatchObject({ "aria-pressed": "false", "aria-label": "Empty text instead of no value: Nickname" })
    await wrapper.get("button").trigger("click")
    expect(wrapper.emitted("update:modelValue")).toEqual([[EMPTY]])
    await wrapper.setProps({ modelValue: EMPTY })
    expect((control.element as HTMLInputElement).value).toBe("")
    expect([control.attributes("placeholder"), wrapper.get("button").attributes("aria-pressed")]).toEqual(["Empty text", "true"])
    await wrapper.get("button").trigger("click")
    await control.setValue("Lem")
    expect(wrapper.emitted("update:modelValue")!.slice(1)).toEqual([[""], ["Lem"]])
    await wrapper.setProps({ modelValue: "Lem" })
    expect(wrapper.find("button").exists()).toBe(false)
  })

  it("is no question anywhere else", () => {
    expect(input("", { ...nickname, bounds: { min_length: 1 } } as typeof nickname).find("button").exists()).toBe(false)
  })
})
