import { onScopeDispose } from "vue"

/** Whether a key that is pressed now is meant as a letter of a text, or for a dialog or menu that is open. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  const typing = target?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true]")
  return event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !!typing || !!document.querySelector("[role=dialog], [role=alertdialog], [role=menu]")
}

/** Keys of the page: each does its thing unless somebody types, or a dialog is open. */
export function useShortcuts(keys: Record<string, () => void>): void {
  function onKey(event: KeyboardEvent): void {
    const run = keys[event.key]
    if (!run || isTaken(event)) return
    event.preventDefault()
    run()
  }
  addEventListener("keydown", onKey)
  onScopeDispose(() => removeEventListener("keydown", onKey))
}
