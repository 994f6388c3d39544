import type { Pages } from "@/shell/navigation"

export const pages: Pages = {
  domain: "ledger",
  icon: "ledger",
  entries: [
    { label: "Transactions", to: "/ledger" },
    { label: "Accounts", to: "/ledger/accounts" },
  ],
  routes: [
    { path: "/ledger", component: () => import("@/pages/ledger/TransactionsPage.vue") },
    { path: "/ledger/accounts", component: () => import("@/pages/ledger/AccountsPage.vue") },
    { path: "/ledger/accounts/:id", component: () => import("@/pages/ledger/AccountPage.vue"), props: true },
  ],
}
