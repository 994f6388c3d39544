import { QueryClient } from "@tanstack/vue-query"
import { connection } from "@/api/connection"
import { Problem } from "@/api/problems"

const TRIES = 2

/** The one store of what was read. A refusal is not tried again: it would be the same; a page without an answer is, twice. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      gcTime: 60_000,
      networkMode: "always",
      retry: (count, error) => count < TRIES && error instanceof Problem && error.status >= 500,
    },
    mutations: { networkMode: "always", retry: false },
  },
})

connection.onReturn(() => void queries.invalidateQueries())
