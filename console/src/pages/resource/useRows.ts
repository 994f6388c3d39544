import { useQuery, useQueryClient } from "@tanstack/vue-query"
import { computed, ref, shallowRef, watch, type ComputedRef } from "vue"
import { get, type Reply } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { useEvents } from "@/api/events"
import { Problem } from "@/api/problems"
import { keyOf, type Resource } from "@/parts/fields"
import { useFresh, useGathered } from "@/parts/liveRows"
import { asQuery, type Condition } from "./filters"
import { applied } from "./live"

interface Shown {
  sort: string
  q: string
  after: string | undefined
  limit: number
  conditions: readonly Condition[]
}

/** One page of a list, kept up to date by the resource's event stream where it has one. */
export function useRows(about: () => Resource, view: ComputedRef<Shown>, counted: () => boolean) {
  const client = useQueryClient()
  const key = computed(() => ["rows", about().path, view.value, counted()])
  const { data, isPending, isFetching, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => {
      const { sort, q, after, limit, conditions } = view.value
      return get<Row[]>(about().path, { query: { ...asQuery(conditions), sort, q, after, limit, total: counted() || undefined }, signal })
    },
    placeholderData: (before) => before,
  })
  // While the service is away, what was read last is better than nothing; a refusal leaves no rows that fit.
  const last = shallowRef<Reply<Row[]>>()
  watch(data, (now) => (last.value = now ?? last.value), { immediate: true })
  const away = computed(() => error.value instanceof Problem && (error.value.status === 0 || error.value.status >= 500))
  const shown = computed(() => data.value ?? (away.value ? last.value : undefined))
  const rows = computed(() => shown.value?.data ?? [])

  const { fresh, mark } = useFresh()
  const again = useGathered(() => void refetch())
  const offered = ref(new Set<string>())
  const waiting = computed(() => [...offered.value].filter((one) => !rows.value.some((row) => keyOf(about(), row) === one)).length)

  const url = computed(() => (about().events ? `${about().path}/events` : undefined))
  const { live } = useEvents<Row>(
    url,
    (change) => {
      const one = keyOf(about(), change.row)
      const reply = client.getQueryData<Reply<Row[]>>(key.value)
      void client.invalidateQueries({ queryKey: ["row", about().path, one] })
      if (!reply) return
      const told = applied(reply.data, change, { about: about(), ...view.value, first: !view.value.after })
      if (told.offered) offered.value = new Set(offered.value).add(one)
      client.setQueryData<Reply<Row[]>>(key.value, { ...reply, data: told.rows })
      mark(one)
      // What the service computes from the other fields is in no event.
      if (about().fields.some((field) => field.computed)) again()
    },
    () => void refetch(),
  )

  return {
    rows,
    next: computed(() => shown.value?.next),
    total: computed(() => shown.value?.total),
    isPending,
    isFetching,
    error,
    refetch,
    live,
    fresh,
    waiting,
    mark,
    /** New rows that nobody knows the place of were looked for. */
    seen: () => (offered.value = new Set()),
  }
}
