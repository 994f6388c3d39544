import type { Pages } from "@/shell/navigation"

export const pages: Pages = {
  domain: "kv",
  icon: "key",
  entries: [{ label: "Keys", to: "/kv" }],
  routes: [{ path: "/kv", component: () => import("@/pages/kv/KeysPage.vue") }],
}
