import { expect, it } from "vitest"
import { nextFocus } from "@/pages/items/items"

it.each([
  ["ArrowDown", 0, 3, 1],
  ["ArrowDown", 2, 3, undefined],
  ["ArrowUp", 0, 3, undefined],
  ["ArrowUp", 2, 3, 1],
  ["Home", 2, 3, 0],
  ["End", 0, 3, 2],
  ["End", 0, 0, undefined],
  ["x", 1, 3, undefined],
])("%s from %i of %i", (key, at, count, to) => {
  expect(nextFocus(key, at, count)).toBe(to)
})
