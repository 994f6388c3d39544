import { get, type Query } from "@/api/client"
import { asText } from "@/api/lossless"

/** Ids are integers of up to 64 bits: here they are text, digit by digit. */
export interface Signal {
  signal_gid: string
  signal_id: string
  signal_name: string
  asset_id: string
  unit: string
}

export interface Asset {
  asset_id: string
  latitude: number
  longitude: number
  description: string
  signals: Signal[]
}

export interface Measurement {
  signal_id: string
  timestamp: string
  value: unknown
  unit: string
}

export interface Statistics {
  count: number
  mean: unknown
  min: unknown
  max: unknown
  median: unknown
  std_dev: unknown
}

/** Pages of a list that are read at most: 20,000 rows. More are told of (`more`), not shown. */
const MOST_PAGES = 20
const PAGE = 1000

export interface Whole<T> {
  rows: T[]
  /** Whether there are more rows than were read. */
  more: boolean
}

/** Reads a list to its end, page by page. */
async function whole<T>(path: string, signal: AbortSignal, query: Query = {}): Promise<Whole<T>> {
  const rows: T[] = []
  let after: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const reply = await get<T[]>(path, { query: { ...query, limit: PAGE, after }, signal })
    rows.push(...reply.data)
    after = reply.next
    if (!after) break
  }
  return { rows, more: after !== undefined }
}

const withIds = <T extends { signal_id: unknown }>(row: T): T => ({ ...row, signal_id: asText(row.signal_id) })

/** All assets with their signals. */
export async function fetchAssets(signal: AbortSignal): Promise<Whole<Asset>> {
  const { rows, more } = await whole<Asset>("/assets", signal)
  const assets = rows.map((asset) => ({
    ...asset,
    asset_id: asText(asset.asset_id),
    latitude: Number(asset.latitude),
    longitude: Number(asset.longitude),
    signals: asset.signals.map((one) => ({ ...withIds(one), asset_id: asText(one.asset_id) })),
  }))
  return { rows: assets, more }
}

/** The last measurement of each signal that has one, by the signal's id. */
export async function fetchLast(signal: AbortSignal): Promise<Map<string, Measurement>> {
  const { rows } = await whole<Measurement>("/measurements/last", signal)
  return new Map(rows.map(withIds).map((row) => [row.signal_id, row]))
}

/** Whether an asset, or one of its signals, has all words of a search in its names and ids. */
export function matches(asset: Asset, search: string): boolean {
  const text = [asset.description, asset.asset_id, ...asset.signals.flatMap((one) => [one.signal_name, one.signal_id, one.unit])].join(" ").toLowerCase()
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}
