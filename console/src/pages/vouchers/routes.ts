import type { Pages } from "@/shell/navigation"

/** Templates, and vouchers as plain rows, have the pages that any resource has. */
export const pages: Pages = {
  domain: "vouchers",
  icon: "voucher",
  entries: [
    { label: "Vouchers", to: "/vouchers" },
    { label: "Templates", to: "/vouchers/templates" },
  ],
  routes: [{ path: "/vouchers", component: () => import("@/pages/vouchers/VouchersPage.vue") }],
}
