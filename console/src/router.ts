import { createRouter, createWebHistory } from "vue-router"
import { allPages } from "@/shell/navigation"

/** Pages written by hand first; what they do not claim is a resource's own page, for any domain. */
export const router = createRouter({
  history: createWebHistory("/console/"),
  routes: [
    ...allPages.flatMap((pages) => pages.routes),
    { path: "/:rest(.*)*", name: "missing", component: () => import("@/shell/Missing.vue") },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})
