/** What is being typed into a field whose value lives elsewhere, as in the URL. */
import { ref, watch, type Ref } from "vue"

/** Follows its source; in between it holds what was typed, so that drawing the page anew does not take it back. */
export function useTyped(source: () => string): Ref<string> {
  const typed = ref(source())
  watch(source, (value) => {
    typed.value = value
  })
  return typed
}
