import { ref, watchEffect } from "vue"

export type Theme = "light" | "dark"

const STORED = "roadbed-theme"
const dark = matchMedia("(prefers-color-scheme: dark)")

function stored(): Theme | undefined {
  const value = localStorage.getItem(STORED)
  return value === "light" || value === "dark" ? value : undefined
}

/** The theme now: what the viewer chose, else what the system asks for. */
export const theme = ref<Theme>(stored() ?? (dark.matches ? "dark" : "light"))

dark.addEventListener("change", () => {
  if (!stored()) theme.value = dark.matches ? "dark" : "light"
})

watchEffect(() => {
  document.documentElement.dataset["theme"] = theme.value
})

export function toggleTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark"
  localStorage.setItem(STORED, theme.value)
}

/** The value of a token now; for what draws on a canvas. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
