import type { Pages } from "@/shell/navigation"

/** Any resource of any domain, from its own description. */
export const pages: Pages = {
  icon: "table",
  entries: [],
  routes: [
    { path: "/:domain/:resource", component: () => import("@/pages/resource/ListPage.vue"), props: true },
    { path: "/:domain/:resource/:id", component: () => import("@/pages/resource/RowPage.vue"), props: true },
  ],
}
