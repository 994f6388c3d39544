import type { Pages } from "@/shell/navigation"

export const pages: Pages = {
  domain: "telemetry",
  icon: "signal",
  entries: [
    { label: "Assets", to: "/telemetry" },
    { label: "Chart", to: "/telemetry/chart", icon: "chart" },
    { label: "Import", to: "/telemetry/import", icon: "upload" },
  ],
  routes: [
    { path: "/telemetry", component: () => import("@/pages/telemetry/AssetsPage.vue") },
    { path: "/telemetry/chart", component: () => import("@/pages/telemetry/ChartPage.vue") },
    { path: "/telemetry/import", component: () => import("@/pages/telemetry/ImportPage.vue") },
  ],
}
