import { computed } from "vue"
import type { RouteRecordRaw } from "vue-router"
import { useDescriptions, type DomainDescription } from "@/api/descriptions"
import type { IconName } from "@/parts/icons"

/** A line of the sidebar. Without an icon of its own the first one of a domain has the domain's, the others a table's. */
export interface Entry {
  label: string
  to: string
  icon?: IconName
}

/** What a folder of `pages/` gives to the console: the pages of one domain, or of the platform. */
export interface Pages {
  /** The domain that must be on for them to be shown; none: always. */
  domain?: string
  icon: IconName
  /** Entries of the navigation, the first is the domain's own page. */
  entries: Entry[]
  routes: RouteRecordRaw[]
}

export interface Group {
  title: string
  icon: IconName
  entries: Entry[]
}

const folders = import.meta.glob<{ pages: Pages }>("../pages/*/routes.ts", { eager: true })

/** All pages that were written by hand, in the order of their folders. */
export const allPages: Pages[] = Object.values(folders).map((folder) => folder.pages)

/** The page of a domain: its own where one was written, else that of its first resource. */
export function pageOf(domain: DomainDescription): string {
  const own = allPages.find((pages) => pages.domain === domain.name)?.entries[0]?.to
  const first = domain.resources[0]
  return own ?? (first ? `/${domain.name}/${first.name}` : `/${domain.name}`)
}

function groupOf(domain: DomainDescription): Group {
  const own = allPages.find((pages) => pages.domain === domain.name)
  const entries = [...(own?.entries ?? [])]
  for (const resource of domain.resources) {
    const to = `/${domain.name}/${resource.name}`
    if (!entries.some((entry) => entry.to === to)) entries.push({ label: own ? `All ${resource.title.toLowerCase()}` : resource.title, to })
  }
  return { title: domain.title, icon: own?.icon ?? "table", entries }
}

/** The groups of the sidebar: one per domain that is on. */
export function useNavigation() {
  const { data, isPending, error } = useDescriptions()
  return { groups: computed(() => (data.value ?? []).map(groupOf).filter((group) => group.entries.length > 0)), isPending, error }
}
