import { computed, type Ref } from "vue"
import { useQuery, useQueryClient } from "@tanstack/vue-query"
import { get } from "@/api/client"
import { toBigInt } from "@/api/lossless"
import type { components } from "@/api/schema"

/** Integers of the ledger are int64: beyond 2^53 they come as LosslessNumber, hence `unknown`. */
export type Transaction = Omit<components["schemas"]["Transaction"], "amount" | "balance"> & { amount: unknown; balance: unknown }
export type Account = Omit<components["schemas"]["Account"], "balance" | "min_balance"> & { balance: unknown; min_balance: unknown }

export const PAGE = 50
const EVERY = 5000
const LOWEST = -(2n ** 63n)
const HIGHEST = 2n ** 63n - 1n

/** The transactions of all accounts or of one, newest first; looked at again every five seconds. */
export function useTransactions(account: Ref<string>, after: Ref<string>) {
  return useQuery({
    queryKey: computed(() => ["ledger", "transactions", account.value, after.value]),
    queryFn: ({ signal }) => get<Transaction[]>("/transactions", { query: { account_id: account.value, after: after.value, limit: PAGE }, signal }),
    placeholderData: (previous) => previous,
    refetchInterval: () => (after.value ? false : EVERY),
  })
}

/** What any write to the ledger makes old. */
export function useLedgerChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return () => queries.invalidateQueries({ queryKey: ["ledger"] })
}

/** An int64 that a person typed; a text that says what is wrong otherwise. */
export function readAmount(text: string, { positive = false } = {}): bigint | string {
  const digits = text.trim().replace(/[\s_]/g, "").replace(/^\+/, "")
  if (!/^[-−]?\d+$/.test(digits)) return "A whole number of minor units, for example 1250"
  const amount = BigInt(digits.replace("−", "-"))
  if (amount < LOWEST || amount > HIGHEST) return "Beyond what an account can hold (64 bits)"
  return positive && amount <= 0n ? "Above zero" : amount
}

/** Points of the balance over time, oldest first, from a statement that begins with the newest entry. */
export function balanceOverTime(statement: readonly Transaction[]): { x: number[]; values: number[] } {
  const entries = [...statement].reverse()
  return { x: entries.map((entry) => Date.parse(entry.created_at) / 1000), values: entries.map((entry) => Number(entry.balance)) }
}

/** -1, 0 or 1; for the colour and the sign of an amount. */
export function signOf(amount: unknown): number {
  const value = toBigInt(amount) ?? 0n
  return value > 0n ? 1 : value < 0n ? -1 : 0
}
