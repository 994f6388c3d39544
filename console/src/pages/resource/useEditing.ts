import { computed, ref } from "vue"
import { get, patch, post, type Reply } from "@/api/client"
import type { Row } from "@/api/descriptions"
import { Problem } from "@/api/problems"
import { bodyOfEdit, bodyOfNew, draftOf, newDraft, sameDraft, type Draft, type Faults } from "@/parts/draft"
import { fieldsToCreate, fieldsToEdit, rowPath, type Resource } from "@/parts/fields"
import { chosen, differences, proposal, type Choice, type Difference } from "@/parts/merging"
import { refusalAt } from "@/parts/refusals"

interface Base {
  row: Row
  etag: string | undefined
}

export interface Clash extends Base {
  changes: Row
  found: Difference[]
}

/** A row that is being made or changed: its form, what is wrong with it, and what somebody else did meanwhile. */
export function useEditing(about: Resource, key: string | undefined) {
  const fields = key === undefined ? fieldsToCreate(about) : fieldsToEdit(about)
  const [base, clash] = [ref<Base>(), ref<Clash>()]
  const draft = ref<Draft>(key === undefined ? newDraft(fields) : {})
  const choices = ref<Record<string, Choice>>({})
  const [faults, problem, busy] = [ref<Faults>({}), ref<unknown>(), ref(false)]
  const start = ref<Draft>(draft.value)

  async function read(version?: string): Promise<Base> {
    const reply = await get<Row>(rowPath(about, key!), { query: { version }, headers: { "Cache-Control": "no-cache" } })
    return { row: reply.data, etag: reply.etag }
  }

  /** Reads the row. With a version the form begins with what that was, to be saved over the present one. */
  async function load(version?: string): Promise<void> {
    if (key === undefined) return
    try {
      problem.value = undefined
      base.value = await read()
      start.value = draftOf(fields, base.value.row)
      draft.value = version === undefined ? start.value : draftOf(fields, (await read(version)).row)
    } catch (error) {
      problem.value = error
    }
  }

  function refused(error: unknown): void {
    problem.value = error
    if (!(error instanceof Problem)) return
    const said = refusalAt(fields, error)
    faults.value = said.faults
    // What stands at its field would be said twice above the form.
    if (!said.whole) problem.value = undefined
  }

  async function write(body: Row, etag?: string): Promise<Reply<Row> | undefined> {
    busy.value = true
    problem.value = undefined
    try {
      if (key === undefined) return await post<Row>(about.path, body)
      return await patch<Row>(rowPath(about, key), body, etag ? { ifMatch: etag } : {})
    } catch (error) {
      if (error instanceof Problem && error.isConflict) await meet(body)
      else refused(error)
      return undefined
    } finally {
      busy.value = false
    }
  }

  /** Somebody else was faster: both versions are laid side by side. */
  async function meet(changes: Row): Promise<void> {
    try {
      const theirs = await read()
      const found = differences(fields, base.value!.row, changes, theirs.row)
      choices.value = proposal(found, changes)
      clash.value = { ...theirs, changes, found }
    } catch (error) {
      problem.value = error
    }
  }

  /** Saves the form. The row as it is then; undefined when it is not saved, or nothing was to be. */
  async function save(): Promise<Row | undefined> {
    const { body, faults: found } = key === undefined ? bodyOfNew(fields, draft.value) : bodyOfEdit(fields, draft.value, base.value!.row)
    faults.value = found
    if (Object.keys(found).length) return undefined
    if (key !== undefined && Object.keys(body).length === 0) return base.value!.row
    return (await write(body, base.value?.etag))?.data
  }

  /** Saves what was chosen over the version that somebody else made. */
  async function saveChosen(): Promise<Row | undefined> {
    const { found, row, etag } = clash.value!
    const body = chosen(found, choices.value)
    base.value = { row, etag }
    clash.value = undefined
    draft.value = draftOf(fields, { ...row, ...body })
    start.value = draftOf(fields, row)
    return Object.keys(body).length ? (await write(body, etag))?.data : row
  }

  const dirty = computed(() => clash.value !== undefined || !sameDraft(draft.value, start.value))
  return { fields, base, draft, faults, problem, busy, clash, choices, dirty, load, save, saveChosen }
}
