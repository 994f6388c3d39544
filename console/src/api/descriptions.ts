import { useQuery } from "@tanstack/vue-query"
import { computed, type ComputedRef } from "vue"
import { get } from "@/api/client"
import type { components } from "@/api/schema"

export type DomainDescription = components["schemas"]["DomainDescription"]
export type ResourceDescription = components["schemas"]["ResourceDescription"]
export type FieldDescription = components["schemas"]["FieldDescription"]

/** A row of any resource: what the list and the read of it give. */
export type Row = Record<string, unknown>

/** What the service serves, as it says itself; asked for once. */
export function useDescriptions() {
  return useQuery({
    queryKey: ["descriptions"],
    queryFn: async ({ signal }) => (await get<DomainDescription[]>("/resources.json", { signal })).data,
    staleTime: Infinity,
  })
}

/** One resource by the names of its domain and itself; undefined while it is unknown. */
export function useResource(domain: () => string, resource: () => string): ComputedRef<ResourceDescription | undefined> {
  const { data } = useDescriptions()
  return computed(() => data.value?.find((one) => one.name === domain())?.resources.find((one) => one.name === resource()))
}
