import { computed, type ComputedRef } from "vue"
import { useRoute, useRouter } from "vue-router"
import { readView, writeView, type View } from "@/pages/telemetry/view"

/** The view that the URL holds, and a way to change parts of it. `push`: the back button undoes it. */
export function useView(): { view: ComputedRef<View>; change: (parts: Partial<View>, push?: boolean) => Promise<unknown> } {
  const route = useRoute()
  const router = useRouter()
  const view = computed(() => readView(route.query))
  return {
    view,
    change: (parts, push = false) => router[push ? "push" : "replace"]({ query: writeView({ ...view.value, ...parts }) }),
  }
}
