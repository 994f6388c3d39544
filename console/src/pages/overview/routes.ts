import type { Pages } from "@/shell/navigation"

export const pages: Pages = {
  icon: "overview",
  entries: [{ label: "Overview", to: "/" }],
  routes: [{ path: "/", component: () => import("@/pages/overview/OverviewPage.vue") }],
}
