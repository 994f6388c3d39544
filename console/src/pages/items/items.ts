import { get, patch, post, remove, type Reply } from "@/api/client"

export interface Item {
  id: string
  name: string
  completed: boolean
}

export type Shown = "all" | "open" | "done"

export const LONGEST_NAME = 300
const PAGE = 200

export function listItems(shown: Shown, search: string, after: string, signal: AbortSignal): Promise<Reply<Item[]>> {
  const completed = shown === "all" ? undefined : shown === "done"
  return get<Item[]>("/items", { query: { completed, q: search, after, limit: PAGE, total: true }, signal })
}

export const addItem = (name: string): Promise<Reply<Item>> => post<Item>("/items", { name })

/** An item with its ETag: what an edit begins with. */
export const readItem = (id: string): Promise<Reply<Item>> => get<Item>(`/items/${id}`)

/** Writes over the version that was seen; without one, over whatever there is: checking off needs no look at the rest. */
export function changeItem(id: string, change: Partial<Pick<Item, "name" | "completed">>, ifMatch?: string): Promise<Reply<Item>> {
  return patch<Item>(`/items/${id}`, change, ifMatch === undefined ? {} : { ifMatch })
}

export const deleteItem = (id: string): Promise<Reply<unknown>> => remove(`/items/${id}`)

/** Puts a deleted item back as a new one of the same content: ids are never used twice. */
export async function restoreItem(item: Item): Promise<void> {
  const { data } = await addItem(item.name)
  if (item.completed) await changeItem(data.id, { completed: true })
}

/** Where the focus goes with a key, from the item at `at` of `count`; undefined where it stays. */
export function nextFocus(key: string, at: number, count: number): number | undefined {
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: count - 1 }[key]
  return to === undefined || to < 0 || to >= count ? undefined : to
}
