import { reactive } from "vue"
import { Problem } from "@/api/problems"

export interface Toast {
  id: number
  tone: "good" | "bad" | "plain"
  text: string
  /** One way back, such as Undo. */
  action?: { label: string; run: () => void } | undefined
}

const MOST = 4
const SHORT = 5000
const LONG = 12_000

/** What was just done or failed, newest last; the shell shows it and screen readers say it. */
export const toasts = reactive<Toast[]>([])
let last = 0

export function dismiss(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id)
  if (at >= 0) toasts.splice(at, 1)
}

/** Tells something that needs no answer. With an action it stays longer. */
export function tell(text: string, action?: Toast["action"], tone: Toast["tone"] = "good"): void {
  const id = ++last
  toasts.push({ id, tone, text, action })
  if (toasts.length > MOST) toasts.splice(0, toasts.length - MOST)
  setTimeout(() => dismiss(id), action || tone === "bad" ? LONG : SHORT)
}

/** Tells a failure that belongs to no field and no place on the page. */
export function tellFailure(error: unknown): void {
  const text = error instanceof Problem ? [error.title, error.detail].filter(Boolean).join(": ") : String(error)
  tell(text, undefined, "bad")
}
