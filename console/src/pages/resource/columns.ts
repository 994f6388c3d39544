import { ref, watch, type Ref } from "vue"
import { controlOf, fieldsToShow, labelField, type Field, type Resource } from "@/parts/fields"

/** Columns that are shown before somebody chooses. */
const MOST = 7

/** The fields of a table in their order: what tells which row it is comes first, its key last. */
export function columnsOf(about: Resource): Field[] {
  const shown = fieldsToShow(about)
  const first = labelField(about) ?? shown.find((field) => field.key)
  return [...shown].sort((a, b) => weight(a, first) - weight(b, first))
}

function weight(field: Field, first: Field | undefined): number {
  if (field === first) return 0
  return field.key ? 2 : 1
}

/** The columns that tell most in little room: no documents, no long texts, no second form of an amount. */
export function defaultColumns(about: Resource): string[] {
  const money = about.fields.filter((field) => field.money)
  const said = new Set(money.flatMap((field) => [field.money, `${field.name}_display`]))
  if (about.fields.some((field) => field.name === "created_at")) said.add("updated_at")
  const all = columnsOf(about)
  const dull = (field: Field): boolean => said.has(field.name) || field.name === "version" || controlOf(field) === "json" || controlOf(field) === "long"
  const telling = all.filter((field, at) => at === 0 || !dull(field))
  // Where there is no room for all, the key goes first and the status last.
  const rank = (field: Field): number => (field === telling[0] || field.name === about.statuses?.field ? 0 : field.key ? 2 : 1)
  const kept = new Set([...telling].sort((a, b) => rank(a) - rank(b)).slice(0, MOST))
  return telling.filter((field) => kept.has(field)).map((field) => field.name)
}

const storedAs = (about: Resource): string => `roadbed-columns-${about.path}`

function stored(about: Resource): string[] | undefined {
  try {
    const names: unknown = JSON.parse(localStorage.getItem(storedAs(about)) ?? "null")
    const known = Array.isArray(names) ? names.filter((name) => about.fields.some((field) => field.name === name && !field.secret)) : []
    return known.length ? known.map(String) : undefined
  } catch {
    // Somebody else wrote there: the defaults do.
    return undefined
  }
}

/** The columns of a resource's table, as this viewer chose them. */
export function useColumns(about: Ref<Resource>): Ref<string[]> {
  const names = ref<string[]>([])
  watch(() => about.value.path, () => (names.value = stored(about.value) ?? defaultColumns(about.value)), { immediate: true })
  watch(names, (now) => localStorage.setItem(storedAs(about.value), JSON.stringify(now)), { flush: "sync" })
  return names
}
