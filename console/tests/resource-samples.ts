import type { Field, Resource } from "@/parts/fields"

/** Descriptions as the service sends them: what is false or empty is left out of a field. */
export const title: Field = { name: "title", label: "Title", type: "text", bounds: { min_length: 1, max_length: 20 }, required: true, writable: true, changeable: true, sortable: true }
export const pages: Field = { name: "pages", label: "Pages", type: "integer", bounds: { ge: 1, le: 1000 }, optional: true, writable: true, changeable: true }
export const lent: Field = { name: "lent", label: "Lent", type: "flag", default: false, writable: true, changeable: true }
export const price: Field = { name: "price", label: "Price", type: "integer", money: "currency", bounds: { ge: 1 }, required: true, writable: true, changeable: true }
export const currency: Field = { name: "currency", label: "Currency", type: "text", choices: ["EUR", "JPY"], required: true, writable: true, changeable: true }
export const notes: Field = { name: "notes", label: "Notes", type: "text", bounds: { max_length: 5000 }, default: "", writable: true, changeable: true }
export const extra: Field = { name: "extra", label: "Extra", type: "json", optional: true, writable: true, changeable: true }
export const born: Field = { name: "born", label: "Born", type: "json", format: "date", optional: true, writable: true, changeable: true }
export const due: Field = { name: "due", label: "Due", type: "instant", optional: true, writable: true, changeable: true, sortable: true }
export const author: Field = { name: "author", label: "Author", type: "uuid", required: true, writable: true, changeable: true, reference: { resource: "authors", on_delete: "cascade", path: "/authors", label: "name" } }
export const code: Field = { name: "code", label: "Code", type: "text", secret: true }
export const id: Field = { name: "id", label: "Id", type: "uuid", key: true, sortable: true }
export const status: Field = { name: "status", label: "Status", type: "text", choices: ["shelf", "lent", "lost", "sold"], default: "shelf", writable: true, changeable: true }

const filters = ["id", "title", "title.prefix", "pages", "pages.gt", "pages.gte", "pages.lt", "pages.lte", "pages.null", "lent", "author", "status", "due.gte", "due.lt", "version", "created_at.gte"]

export function resource(fields: Field[], more: Partial<Resource> = {}): Resource {
  return {
    name: "books", title: "Books", singular: "book", label: "title", path: "/books", description: "", key: "id", fields, filters, order: "-created_at",
    verbs: ["create", "list", "get", "patch", "delete", "bulk"], search: ["title"], unique: [], history: true, events: true, cache: false, limit: 100, most: 0, statuses: null,
    ...more,
  }
}

export const machine = { field: "status", first: "shelf", allowed: { shelf: ["lent", "lost", "sold"], lent: ["shelf", "lost"], lost: ["shelf"], sold: [] } }
export const books = resource([id, title, author, pages, lent])
export const copies = resource([id, author, status], { name: "copies", title: "Copies", singular: "copy", label: "id", path: "/copies", statuses: machine })
