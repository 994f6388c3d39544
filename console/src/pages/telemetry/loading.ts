import { keepPreviousData, useQuery } from "@tanstack/vue-query"
import { computed, onBeforeUnmount, onMounted, ref, watch, type Ref } from "vue"
import { get } from "@/api/client"
import { dotsOfBuckets, dotsOfPoints, type Bucket, type Line, type Point } from "@/pages/telemetry/merging"
import { fetchAssets, fetchLast, type Measurement, type Signal, type Statistics } from "@/pages/telemetry/model"
import { iso } from "@/pages/telemetry/span"
import type { Method, Side } from "@/pages/telemetry/view"
import type { Range } from "@/parts/ranges"

const LIVE_EVERY = 2000

/** All assets with their signals. */
export function useAssets() {
  return useQuery({ queryKey: ["telemetry", "assets"], queryFn: ({ signal }) => fetchAssets(signal), staleTime: 30_000 })
}

/** The last measurement of each signal that has one, by id; `every` milliseconds anew. Hidden pages do not ask. */
export function useLastValues(every: number | false = 10_000) {
  return useQuery({ queryKey: ["telemetry", "last"], queryFn: ({ signal }) => fetchLast(signal), refetchInterval: every })
}

/** Follows the last measurements of some signals every two seconds, while `on`, and while the page is seen. */
export function useTail(ids: Ref<string[]>, known: Ref<Map<string, Measurement> | undefined>, on: Ref<boolean>) {
  return useQuery({
    queryKey: computed(() => ["telemetry", "tail", ids.value]),
    queryFn: async ({ signal }) => {
      // One that has none yet would be a 404: the list says it without.
      if (!ids.value.every((id) => known.value?.has(id))) return fetchLast(signal)
      const replies = await Promise.all(ids.value.map((id) => get<Measurement>(`/signals/${id}/last`, { signal })))
      return new Map(replies.map((reply, at) => [ids.value[at]!, reply.data]))
    },
    enabled: computed(() => on.value && ids.value.length > 0),
    refetchInterval: LIVE_EVERY,
    staleTime: 0,
  })
}

interface Asked {
  signals: Ref<Signal[]>
  range: Ref<Partial<Range>>
  enabled: Ref<boolean>
}

const bounds = (range: Partial<Range>): { from: string | undefined; to: string | undefined } => ({ from: iso(range.from), to: iso(range.to) })
const idsOf = (signals: Signal[]): string => signals.map((one) => one.signal_id).join(",")

/**
 * The lines of a chart, as many points as it has pixels. The request before is given up when the range moves on; the
 * lines before stay until new ones are there. `fresh` changes when there is news in the same range.
 */
export function useLines({ signals, range, enabled }: Asked, method: Ref<Method>, points: Ref<number>, fresh: Ref<unknown>) {
  return useQuery({
    queryKey: computed(() => ["telemetry", "series", idsOf(signals.value), bounds(range.value), method.value, points.value, fresh.value]),
    queryFn: async ({ signal }): Promise<Map<string, Line>> => {
      const query = { ...bounds(range.value), method: method.value, points: points.value }
      const asked = signals.value
      const lines = await Promise.all(asked.map(async (one): Promise<Line> => {
        const { data } = await get<{ points?: Point[]; buckets?: Bucket[] }>(`/signals/${one.signal_id}/series`, { query, signal, plain: true })
        return { label: one.signal_name, unit: one.unit, ...(data.points ? dotsOfPoints(data.points) : dotsOfBuckets(data.buckets ?? [])) }
      }))
      return new Map(lines.map((line, at) => [asked[at]!.signal_id, line]))
    },
    enabled: computed(() => enabled.value && signals.value.length > 0),
    placeholderData: keepPreviousData,
  })
}

/** Exact statistics of each signal in the range. */
export function useStatistics({ signals, range, enabled }: Asked, fresh: Ref<unknown>) {
  return useQuery({
    queryKey: computed(() => ["telemetry", "statistics", idsOf(signals.value), bounds(range.value), fresh.value]),
    queryFn: async ({ signal }) => {
      const query = bounds(range.value)
      const asked = signals.value
      const replies = await Promise.all(asked.map((one) => get<Statistics>(`/measurements/stats/${one.signal_id}`, { query, signal })))
      return asked.map((one, at) => ({ signal: one, figures: replies[at]!.data }))
    },
    enabled: computed(() => enabled.value && signals.value.length > 0),
    placeholderData: keepPreviousData,
  })
}

export interface Beyond { signal: Ref<Signal | undefined>; range: Ref<Partial<Range>>; side: Ref<Side>; threshold: Ref<string>; after: Ref<string | undefined> }
const OUTLIERS = 20

/** A page of the measurements beyond the threshold in the range, newest first, and how many there are. */
export function useOutliers({ signal: of, range, side, threshold, after }: Beyond, fresh: Ref<unknown>) {
  return useQuery({
    queryKey: computed(() => ["telemetry", "outliers", of.value?.signal_id, bounds(range.value), side.value, threshold.value, after.value, fresh.value]),
    queryFn: ({ signal }) => get<Measurement[]>(`/measurements/outliers/${of.value!.signal_id}`, {
      query: { ...bounds(range.value), [side.value]: threshold.value, limit: OUTLIERS, after: after.value, total: true }, signal,
    }),
    enabled: computed(() => of.value !== undefined && threshold.value !== ""),
    placeholderData: keepPreviousData,
  })
}

/** The time, anew every so many milliseconds. */
export function useNow(every = 1000): Ref<number> {
  const now = ref(Date.now())
  let timer: ReturnType<typeof setInterval> | undefined
  onMounted(() => { timer = setInterval(() => { now.value = Date.now() }, every) })
  onBeforeUnmount(() => clearInterval(timer))
  return now
}

/** The size of an element in CSS pixels, 0 until it is drawn. */
export function useSize(element: Ref<HTMLElement | undefined>): { width: Ref<number>; height: Ref<number> } {
  const width = ref(0)
  const height = ref(0)
  const observer = new ResizeObserver(measure)
  function measure(): void {
    width.value = element.value?.clientWidth ?? 0
    height.value = element.value?.clientHeight ?? 0
  }
  // It may come later, or go, with what it stands in.
  watch(element, (now) => {
    observer.disconnect()
    measure()
    if (now) observer.observe(now)
  }, { flush: "post", immediate: true })
  onBeforeUnmount(() => observer.disconnect())
  return { width, height }
}
