import { useQuery } from "@tanstack/vue-query"
import { computed, type ComputedRef } from "vue"
import { get } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { asText } from "@/api/lossless"
import { keyOf, labelField, type Resource } from "@/parts/fields"

/** Values that one filter may name. */
const MOST_KEYS = 100
const FOUND_AT_ONCE = 20

/** The texts by which people know rows, by their keys. */
export type Labels = ReadonlyMap<string, string>

const canAskByKey = (about: Resource): boolean => about.verbs.includes("list") && about.filters.includes(about.key)

async function labelsOf(about: Resource, keys: readonly string[], signal: AbortSignal): Promise<Labels> {
  const label = labelField(about)
  if (!label || keys.length === 0 || !canAskByKey(about)) return new Map()
  const fields = `${about.key},${label.name}`
  const parts = Array.from({ length: Math.ceil(keys.length / MOST_KEYS) }, (_, at) => keys.slice(at * MOST_KEYS, (at + 1) * MOST_KEYS))
  const found = await Promise.all(parts.map((part) => get<Row[]>(about.path, { query: { [about.key]: part, fields, limit: MOST_KEYS }, signal })))
  return new Map(found.flatMap(({ data }) => data).map((row) => [keyOf(about, row), asText(row[label.name])]))
}

/** What the rows are called that references lead to, asked for together. */
export function useLabels(wanted: () => { about: Resource; keys: readonly string[] }[]): ComputedRef<ReadonlyMap<string, Labels>> {
  const asked = computed(() =>
    wanted().map(({ about, keys }) => ({ about, keys: [...new Set(keys)].filter(Boolean).sort() })),
  )
  const { data } = useQuery({
    queryKey: computed(() => ["labels", asked.value.map(({ about, keys }) => [about.path, keys])]),
    queryFn: async ({ signal }) => new Map(await Promise.all(asked.value.map(async ({ about, keys }) => [about.path, await labelsOf(about, keys, signal)] as const))),
    enabled: computed(() => asked.value.some(({ keys }) => keys.length > 0)),
    placeholderData: (before) => before,
  })
  return computed(() => data.value ?? new Map<string, Labels>())
}

/** Rows to refer to, found by what somebody typed: by the search, by how the label begins, or among the first. */
export async function findRows(about: Resource, typed: string, signal: AbortSignal): Promise<Row[]> {
  const label = labelField(about)
  const text = typed.trim()
  const prefix = label ? `${label.name}.prefix` : ""
  if (text && about.search.length) return (await get<Row[]>(about.path, { query: { q: text, limit: FOUND_AT_ONCE }, signal })).data
  if (text && about.filters.includes(prefix)) return (await get<Row[]>(about.path, { query: { [prefix]: text, limit: FOUND_AT_ONCE }, signal })).data
  const { data } = await get<Row[]>(about.path, { query: { limit: text ? MOST_KEYS : FOUND_AT_ONCE }, signal })
  return text ? data.filter((row) => asText(row).toLowerCase().includes(text.toLowerCase())) : data
}
