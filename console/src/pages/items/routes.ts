import type { Pages } from "@/shell/navigation"

export const pages: Pages = {
  domain: "items",
  icon: "list",
  entries: [{ label: "List", to: "/items" }],
  routes: [{ path: "/items", component: () => import("@/pages/items/ItemsPage.vue") }],
}
