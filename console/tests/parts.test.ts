import { mount } from "@vue/test-utils"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { nextTick } from "vue"
import { parseJson } from "@/api/lossless"
import { Problem } from "@/api/problems"
import { formatInstant, formatMoney, formatNumber } from "@/design/format"
import Changes from "@/parts/Changes.vue"
import { asked, confirm } from "@/parts/confirming"
import DataTable from "@/parts/DataTable.vue"
import JsonEditor from "@/parts/JsonEditor.vue"
import ProblemNote from "@/parts/ProblemNote.vue"
import type { Field } from "@/parts/fields"
import { dismiss, tell, tellFailure, toasts } from "@/parts/toasts"
import { currency, due, lent, notes, pages, price } from "./resource-samples"

describe("DataTable", () => {
  const columns = [{ name: "a", label: "A", sortable: true }, { name: "b", label: "B" }]
  const rows = [{ a: "1", b: "x" }, { a: "2", b: "y" }]
  const table = (props: object = {}) => mount(DataTable<{ a: string; b: string }>, { props: { label: "T", columns, rows, rowKey: (row) => row.a, ...props } })

  it("asks for the other order with each click on a heading", async () => {
    const unsorted = table()
    await unsorted.get("button.sort").trigger("click")
    const rising = table({ sort: "a" })
    expect(rising.get("th").attributes("aria-sort")).toBe("ascending")
    await rising.get("button.sort").trigger("click")
    const falling = table({ sort: "-a" })
    expect(falling.get("th").attributes("aria-sort")).toBe("descending")
    await falling.get("button.sort").trigger("click")
    expect([unsorted, rising, falling].map((one) => one.emitted("update:sort"))).toEqual([[["a"]], [["-a"]], [["a"]]])
  })

  it("selects one, all and none", async () => {
    const wrapper = table({ selectable: true, selected: new Set() })
    const [all, first] = wrapper.findAll("input")
    await first!.setValue(true)
    expect(wrapper.emitted("update:selected")!.at(-1)).toEqual([new Set(["1"])])
    await all!.setValue(true)
    expect(wrapper.emitted("update:selected")!.at(-1)).toEqual([new Set(["1", "2"])])
    await wrapper.setProps({ selected: new Set(["1", "2"]) })
    await all!.setValue(false)
    expect(wrapper.emitted("update:selected")!.at(-1)).toEqual([new Set()])
  })
})

describe("JsonEditor", () => {
  it("tells where JSON is wrong, and indents what is right without a loss", async () => {
    const wrapper = mount(JsonEditor, { props: { label: "Value", modelValue: '{"a":\n oops}' } })
    expect(wrapper.get("[role=status]").text()).toMatch(/^Line 2, column \d+: /)
    expect(wrapper.get("button").attributes("disabled")).toBeDefined()
    await wrapper.setProps({ modelValue: '{"a":9007199254740993}' })
    expect(wrapper.get("[role=status]").text()).toBe("Valid JSON")
    await wrapper.get("button").trigger("click")
    expect(wrapper.emitted("update:modelValue")).toEqual([['{\n  "a": 9007199254740993\n}']])
  })
})

describe("Changes", () => {
  it("shows what differs, and nothing else", () => {
    const before = { a: 1, b: parseJson("9007199254740993"), c: null, version: 1 }
    const after = { a: 1, b: parseJson("9007199254740994"), c: "x", version: 2 }
    const wrapper = mount(Changes, { props: { before, after, omit: ["version"] } })
    expect(wrapper.findAll("dt").map((one) => one.text())).toEqual(["b", "c"])
    expect(wrapper.findAll("del").map((one) => one.text())).toEqual(["was 9007199254740993"])
    expect(wrapper.findAll("ins").map((one) => one.text())).toEqual(["is 9007199254740994", "is x"])
  })
  it("names fields by their labels, and writes values as everywhere else", () => {
    const fields: Field[] = [price, currency, due, lent, pages, notes]
    const before = { price: 4136, currency: "EUR", due: null, lent: false, pages: 1234, notes: "x", other: 1 }
    const after = { price: 4136, currency: "JPY", due: "2026-01-02T03:04:05.678901Z", lent: true, pages: null, notes: "", other: 2 }
    const wrapper = mount(Changes, { props: { before, after, fields } })
    const shown = Object.fromEntries(wrapper.findAll("dl > div").map((one) => [one.get("dt").text(), one.get("dd").text()]))
    expect(shown["Price"]).toBe(`was ${formatMoney(4136, "EUR")}is ${formatMoney(4136, "JPY")}`)
    expect(shown["Currency"]).toBe("was EURis JPY")
    expect(shown["Due"]).toBe(`is ${formatInstant(after.due)}`)
    expect(shown["Lent"]).toBe("was Nois Yes")
    expect(shown["Pages"]).toBe(`was ${formatNumber(1234)}no value`)
    expect(shown["Notes"]).toBe("was xempty text")
    expect(shown["other"]).toBe("was 1is 2")
    expect(wrapper.get("ins[title*=UTC]").attributes("title")).toBe("2026-01-02 03:04:05.678901 UTC")
    expect(wrapper.get("del").attributes("title")).toBe("4136")
  })
  it("says nothing of an amount that stays, nor of one that was deleted", () => {
    const names = (before: object | null, after: object | null) => mount(Changes, { props: { before: before as never, after: after as never, fields: [price, currency] } }).findAll("dt").map((one) => one.text())
    expect(names({ price: 1, currency: "EUR" }, { price: 2, currency: "EUR" })).toEqual(["Price"])
    expect(names({ price: 1, currency: "EUR" }, null)).toEqual(["Price", "Currency"])
    expect(names({ price: 1, currency: "EUR" }, { price: 1, currency: "EUR" })).toEqual([])
  })
  it("says so when nothing does", () => {
    expect(mount(Changes, { props: { before: { a: [1] }, after: { a: [1] } } }).text()).toBe("No field changed.")
  })
})

describe("ProblemNote", () => {
  it("lists faults, and the id for the log", () => {
    const error = new Problem(400, "Not valid", "both", "invalid", [{ pointer: "/a", detail: "bad" }, { pointer: "/b", detail: "worse" }], "request-1")
    const text = mount(ProblemNote, { props: { error } }).text()
    for (const words of ["Not valid", "/a", "bad", "/b", "worse", "request-1"]) expect(text).toContain(words)
  })
  it("tells what any other error says", () => {
    expect(mount(ProblemNote, { props: { error: new Error("broken") } }).text()).toContain("broken")
  })
})

describe("questions", () => {
  it("are answered once, and a new one says no to the one before", async () => {
    const first = confirm({ title: "1", text: "", action: "Do" })
    const second = confirm({ title: "2", text: "", action: "Do" })
    expect(await first).toBe(false)
    expect(asked.question?.title).toBe("2")
    asked.answer(true)
    expect(await second).toBe(true)
    expect(asked.question).toBeUndefined()
  })
})

describe("messages", () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => {
    vi.useRealTimers()
    toasts.splice(0)
  })

  it("go by themselves, later when there is something to do", async () => {
    tell("a")
    tell("b", { label: "Undo", run: () => undefined })
    vi.advanceTimersByTime(5000)
    await nextTick()
    expect(toasts.map((toast) => toast.text)).toEqual(["b"])
    vi.advanceTimersByTime(7000)
    expect(toasts).toEqual([])
  })

  it("are four at most, and can be sent away", () => {
    for (const text of ["1", "2", "3", "4", "5"]) tell(text)
    dismiss(toasts[1]!.id)
    expect(toasts.map((toast) => toast.text)).toEqual(["2", "4", "5"])
  })

  it("tell failures in words", () => {
    tellFailure(new Problem(409, "Conflict", "It is used", "conflict"))
    tellFailure("plain")
    expect(toasts.map((toast) => toast.text)).toEqual(["Conflict: It is used", "plain"])
  })
})
