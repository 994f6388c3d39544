import type { DomainDescription, FieldDescription, ResourceDescription, Row } from "@/api/descriptions"
import { asText } from "@/api/lossless"

/** Where a reference leads, and which field people know those rows by. */
export interface Reference {
  resource: string
  on_delete: string
  path?: string | undefined
  label?: string | undefined
}

/** A field as a resource describes it. What is left out of the description is undefined here, whatever its type says. */
export interface Field {
  name: string
  label: string
  type: string
  description?: string | undefined
  bounds?: Record<string, unknown> | undefined
  choices?: readonly string[] | undefined
  default?: unknown
  required?: boolean | undefined
  optional?: boolean | undefined
  key?: boolean | undefined
  writable?: boolean | undefined
  changeable?: boolean | undefined
  computed?: boolean | undefined
  secret?: boolean | undefined
  unique?: boolean | undefined
  sortable?: boolean | undefined
  reference?: Reference | null | undefined
  /** Of a document that is a text of a known form: `date`, `time` … (JSON Schema). */
  format?: string | undefined
  /** A text of several lines. */
  multiline?: boolean | undefined
  /** Minor units; the field that holds their ISO 4217 code. */
  money?: string | undefined
}

export interface Resource extends Omit<ResourceDescription, "fields" | "singular" | "label"> {
  fields: Field[]
  /** One of its rows in words: "book". */
  singular?: string | undefined
  /** The field that people know a row by. */
  label?: string | undefined
}

/** How a value is edited. */
export type Control = "flag" | "choice" | "integer" | "real" | "money" | "instant" | "date" | "json" | "reference" | "long" | "text"

const LONG_TEXT = 500
/** What the service allows where a declaration says nothing: no sign that a text is long. */
const UNSAID = 100_000

type Told = FieldDescription & Omit<Field, "money"> & { money?: { currency: string } | null }

/** The description of a resource, as pages use it. */
export function asResource(description: ResourceDescription): Resource {
  return { ...description, fields: description.fields.map((field) => ({ ...field, money: (field as Told).money?.currency })) }
}

export function controlOf(field: Field): Control {
  if (field.reference) return "reference"
  if (field.choices?.length) return "choice"
  if (field.type === "integer") return field.money ? "money" : "integer"
  if (field.type === "json") return field.format === "date" ? "date" : "json"
  if (field.type === "flag" || field.type === "real" || field.type === "instant") return field.type
  const longest = Number(field.bounds?.["max_length"] ?? 0)
  return (field.multiline || (longest > LONG_TEXT && longest < UNSAID)) && !field.key ? "long" : "text"
}

/** What a create takes. A status begins where its machine says; keys of UUIDs are made by the service. */
export function fieldsToCreate(about: Resource): Field[] {
  return about.fields.filter((field) => field.writable && field.name !== about.statuses?.field)
}

/** What an edit takes: the status has its own actions. */
export function fieldsToEdit(about: Resource): Field[] {
  return about.fields.filter((field) => field.changeable && field.name !== about.statuses?.field)
}

/** What a reader is shown: secrets stand in the reply to a create alone. */
export function fieldsToShow(about: Resource): Field[] {
  return about.fields.filter((field) => !field.secret)
}

/** The field whose text tells people which row it is; undefined where the key alone does. */
export function labelField(about: Resource): Field | undefined {
  const texts = fieldsToShow(about).filter((field) => field.type === "text" && !field.choices?.length && !field.reference && !field.key)
  return texts.find((field) => field.name === about.label) ?? texts.find((field) => !field.optional)
}

export function keyOf(about: Resource, row: Row): string {
  return asText(row[about.key])
}

/** A row in a few words. */
export function nameOf(about: Resource, row: Row): string {
  const field = labelField(about)
  return (field && asText(row[field.name])) || shortId(keyOf(about, row))
}

/** One of the rows in words, for buttons: "New book". */
export function singularOf(about: Resource): string {
  return about.singular ?? "row"
}

export const titleOf = (about: Resource): string => about.title.charAt(0).toUpperCase() + about.title.slice(1)

/** A UUID by its end: that is the part in which those of one day differ. */
export function shortId(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(id) ? `…${id.slice(-8)}` : id
}

export const rowPath = (about: Resource, key: string): string => `${about.path}/${encodeURIComponent(key)}`

/** What a reference leads to, with the domain that its page lies in. */
export function targetOf(domains: readonly DomainDescription[], domain: string, field: Field): { domain: string; about: Resource } | undefined {
  const { reference } = field
  if (!reference) return undefined
  const all = domains.flatMap((one) => one.resources.map((resource) => ({ domain: one.name, about: asResource(resource) })))
  const byPath = reference.path && all.find((one) => one.about.path === reference.path)
  return byPath || all.find((one) => one.domain === domain && one.about.name === reference.resource)
}

/** Resources whose rows refer to those of this one: by which field, and what a deletion does to them. */
export function referrersOf(domains: readonly DomainDescription[], domain: string, name: string): { about: Resource; field: Field }[] {
  const own = domains.find((one) => one.name === domain)?.resources.map(asResource) ?? []
  return own.flatMap((about) => about.fields.filter((field) => field.reference?.resource === name).map((field) => ({ about, field })))
}
