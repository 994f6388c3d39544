import { computed } from "vue"
import { useRoute, useRouter, type LocationQuery } from "vue-router"
import type { Resource } from "@/parts/fields"
import { conditionsOf, withConditions, type Condition } from "./filters"

/** The largest is the most that the API gives at once. */
export const PAGE_SIZES = [25, 50, 100, 200, 1000]
const PAGE = 50

/** What the list shows, as the page's URL says it; changes go there too. */
export function useView(about: () => Resource) {
  const route = useRoute()
  const router = useRouter()
  const text = (name: string): string => (typeof route.query[name] === "string" ? route.query[name] : "")
  const sortable = (sort: string): boolean => about().fields.some((field) => field.sortable && field.name === sort.replace(/^-/, ""))

  function go(query: LocationQuery, push: boolean): void {
    void router[push ? "push" : "replace"]({ query, hash: route.hash })
  }

  /** Sets parameters, and takes those away that are empty. Steps that one wants to go back from are pushed. */
  function set(changes: Record<string, string | undefined>, push = false): void {
    const query = Object.fromEntries(Object.entries({ ...route.query, ...changes }).filter(([, value]) => value !== undefined && value !== ""))
    go(query as LocationQuery, push)
  }

  const view = computed(() => ({
    sort: sortable(text("sort")) || text("sort") === about().order ? text("sort") : about().order,
    q: about().search.length ? text("q") : "",
    after: text("after") || undefined,
    limit: PAGE_SIZES.find((size) => String(size) === text("limit")) ?? PAGE,
    conditions: conditionsOf(route.query, about()),
  }))
  return {
    view,
    set,
    setConditions: (conditions: readonly Condition[]) => go(withConditions(route.query, conditions), true),
    /** The open drawer: a new row, or the key of the one that is edited. */
    drawer: computed(() => ({ isNew: text("new") === "1", edit: text("edit") || undefined, version: text("version") || undefined })),
  }
}
