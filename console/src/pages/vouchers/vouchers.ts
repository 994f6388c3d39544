import { get, post, type Reply } from "@/api/client"
import type { ResourceDescription } from "@/api/descriptions"
import type { components } from "@/api/schema"

export type Voucher = Omit<components["schemas"]["Voucher"], "price"> & { price: unknown; code?: string }
export type Template = Omit<components["schemas"]["Template"], "price"> & { price: unknown }
export type Status = Voucher["status"]

const PAGE = 50

/** What a step to this status is called on a button. */
export const verbs: Record<string, string> = { cancelled: "Cancel", used: "Mark as used", expired: "Expire", refunded: "Refund" }
export const tones: Record<string, "plain" | "good" | "warn" | "bad" | "accent"> = { purchased: "accent", used: "good", cancelled: "warn", expired: "plain", refunded: "bad" }

export function listVouchers(status: string, buyer: string, after: string, signal: AbortSignal): Promise<Reply<Voucher[]>> {
  return get<Voucher[]>("/vouchers", { query: { status, "buyer.prefix": buyer, after, limit: PAGE }, signal })
}

/** How many vouchers there are in each status, in the order of the machine. Each count is the service's own. */
export async function countByStatus(about: ResourceDescription, signal: AbortSignal): Promise<{ status: string; count: number }[]> {
  const statuses = Object.keys(about.statuses?.allowed ?? {})
  const replies = await Promise.all(statuses.map((status) => get(about.path, { query: { status, limit: 1, total: true }, signal })))
  return statuses.map((status, at) => ({ status, count: replies[at]?.total ?? 0 }))
}

/** The statuses that may follow now, as the service describes its machine. */
export function allowedAfter(about: ResourceDescription | undefined, status: string): readonly string[] {
  return about?.statuses?.allowed[status] ?? []
}

export const setStatus = (id: string, status: string): Promise<Reply<Voucher>> => post<Voucher>(`/vouchers/${id}/status`, { status })
export const redeem = (code: string, idempotencyKey: string): Promise<Reply<Voucher>> => post<Voucher>("/vouchers/redeem", { code }, { idempotencyKey })
export const activeTemplates = (signal: AbortSignal): Promise<Reply<Template[]>> => get<Template[]>("/vouchers/templates", { query: { active: true, limit: 1000 }, signal })
