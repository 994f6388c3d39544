import type { Pages } from "@/shell/navigation"

/** Settings, schema, cache and feeds. Access, tasks and webhooks will be further tabs of this place. */
export const pages: Pages = {
  icon: "operations",
  entries: [{ label: "Operations", to: "/operations" }],
  routes: [
    {
      path: "/operations",
      component: () => import("@/pages/operations/OperationsPage.vue"),
      children: [
        { path: "", component: () => import("@/pages/operations/Settings.vue") },
        { path: "migrations", component: () => import("@/pages/operations/Migrations.vue") },
        { path: "cache", component: () => import("@/pages/operations/Cache.vue") },
        { path: "feeds", component: () => import("@/pages/operations/Feeds.vue") },
      ],
    },
  ],
}
