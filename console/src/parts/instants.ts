/** Instants between RFC 3339 (UTC, microseconds) and what a control of a browser holds (local time, milliseconds). */

const two = (value: number): string => String(value).padStart(2, "0")

/** `2026-11-21T10:56:10.066952Z` as `datetime-local` shows it in the viewer's zone; "" for what is no instant. */
export function toLocal(instant: string): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return ""
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const milliseconds = date.getMilliseconds()
  const fraction = milliseconds ? `.${String(milliseconds).padStart(3, "0")}` : ""
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction}`
}

/** The instant, in UTC, that a `datetime-local` holds; "" for an empty one. */
export function fromLocal(local: string): string {
  const date = new Date(local)
  return local === "" || Number.isNaN(date.getTime()) ? "" : date.toISOString()
}
