import { post } from "@/api/client"
import { confirm } from "@/parts/confirming"
import { tell, tellFailure } from "@/parts/toasts"
import type { Transaction } from "@/pages/ledger/entries"

/** Asks, then reverses a transaction: both legs when it belongs to a transfer. Tells what came of it. */
export async function reverse(entry: Transaction, changed: () => Promise<void>): Promise<void> {
  const yes = await confirm({
    title: "Reverse this transaction?",
    text: entry.transfer_id
      ? "Both legs of the transfer are undone by two new transactions. A transaction can be reversed once; nothing is deleted."
      : "A new transaction of the opposite amount is written. A transaction can be reversed once; nothing is deleted.",
    action: "Reverse",
    danger: true,
  })
  if (!yes) return
  try {
    await post(`/transactions/${entry.transaction_id}/reversal`)
    tell("Reversed.")
    await changed()
  } catch (error) {
    tellFailure(error)
  }
}
