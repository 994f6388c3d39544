import { computed, type WritableComputedRef } from "vue"
import { useRoute, useRouter } from "vue-router"

/**
 * One parameter of the page's URL as a ref, so that the back button and a shared link bring the same view again.
 * `push` makes each change a step of the history; else it replaces the present one. `resets` are cleared with a change.
 */
export function useUrlState(name: string, fallback = "", { push = false, resets = [] as string[] } = {}): WritableComputedRef<string> {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => {
      const value = route.query[name]
      return typeof value === "string" ? value : fallback
    },
    set: (value) => {
      const query = { ...route.query }
      if (value === fallback) delete query[name]
      else query[name] = value
      for (const other of resets) delete query[other]
      void router[push ? "push" : "replace"]({ query, hash: route.hash })
    },
  })
}
