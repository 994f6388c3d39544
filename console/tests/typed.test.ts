import { expect, it } from "vitest"
import { nextTick, ref } from "vue"
import { useTyped } from "@/parts/typed"

it("keeps what was typed while its source stays", async () => {
  const source = ref("117")
  const other = ref(0)
  const typed = useTyped(() => source.value)
  typed.value = "117.2"
  other.value += 1
  await nextTick()
  expect(typed.value).toBe("117.2")
})

it("follows its source", async () => {
  const source = ref("117")
  const typed = useTyped(() => source.value)
  typed.value = "something else"
  source.value = ""
  await nextTick()
  expect(typed.value).toBe("")
})
