import type { Feature, FeatureCollection, Geometry } from "geojson"
import { geoPath } from "d3-geo"
import { feature } from "topojson-client"
import type { GeometryCollection, Topology } from "topojson-specification"
import address from "world-atlas/countries-50m.json?url"
import { token } from "@/design/theme"
import { graticule, projectionOf, type Look, type Size } from "@/pages/telemetry/geography"

type World = Topology<{ countries: GeometryCollection<{ name: string }>; land: GeometryCollection }>

export interface Borders {
  countries: { name: string; shape: Feature<Geometry, { name: string }>; box: [[number, number], [number, number]] }[]
}

/** Natural Earth at 1:50 million (public domain), as the console brings it along. */
export async function fetchBorders(signal: AbortSignal): Promise<Borders> {
  const reply = await fetch(address, { signal })
  if (!reply.ok) throw new Error(`The map's borders are missing: ${reply.status}`)
  const world = (await reply.json()) as World
  const all = feature(world, world.objects.countries) as FeatureCollection<Geometry, { name: string }>
  return { countries: all.features.map((shape) => ({ name: shape.properties.name, shape, box: boxOf(shape.geometry) })) }
}

/** The least box in degrees. Natural Earth cuts what lies across the 180th meridian: there it is as wide as the world. */
export function boxOf(shape: Geometry): [[number, number], [number, number]] {
  const rings = shape.type === "Polygon" ? shape.coordinates : shape.type === "MultiPolygon" ? shape.coordinates.flat() : []
  const [least, most]: [[number, number], [number, number]] = [[Infinity, Infinity], [-Infinity, -Infinity]]
  for (const ring of rings) {
    for (const [longitude, latitude] of ring as [number, number][]) {
      [least[0], least[1]] = [Math.min(least[0], longitude), Math.min(least[1], latitude)];
      [most[0], most[1]] = [Math.max(most[0], longitude), Math.max(most[1], latitude)]
    }
  }
  return [least, most]
}

/** A country whose box is wholly elsewhere is not worth projecting. */
function inSight([[west, south], [east, north]]: Borders["countries"][number]["box"], view: [[number, number], [number, number]]): boolean {
  if (view[1][0] - view[0][0] >= 300 || view[0][0] > view[1][0]) return true
  return west <= view[1][0] && east >= view[0][0] && south <= view[1][1] && north >= view[0][1]
}

/** Draws land, borders and graticule; the names of countries where they are wide enough for them. */
export function paint(canvas: HTMLCanvasElement, borders: Borders | undefined, look: Look, size: Size): void {
  const context = canvas.getContext("2d")
  if (!context) return
  const ratio = devicePixelRatio || 1
  canvas.width = Math.round(size.width * ratio)
  canvas.height = Math.round(size.height * ratio)
  context.scale(ratio, ratio)
  context.fillStyle = token("map-water")
  context.fillRect(0, 0, size.width, size.height)
  const projection = projectionOf(look, size)
  const path = geoPath(projection, context)
  const corners = [[0, size.height], [size.width, 0]].map(([x, y]) => projection.invert!([x!, y!])!) as [[number, number], [number, number]]
  const seen = (borders?.countries ?? []).filter((country) => inSight(country.box, corners))
  context.beginPath()
  for (const country of seen) path(country.shape)
  context.fillStyle = token("map-land")
  context.fill()
  context.strokeStyle = token("border-strong")
  context.lineWidth = 0.6
  context.stroke()
  context.beginPath()
  for (const line of graticule(look, size)) {
    context.moveTo(...line.from)
    context.lineTo(...line.to)
  }
  context.strokeStyle = token("border")
  context.lineWidth = 0.5
  context.stroke()
  name(context, seen, path)
}

function name(context: CanvasRenderingContext2D, countries: Borders["countries"], path: ReturnType<typeof geoPath>): void {
  context.font = "600 12px system-ui, sans-serif"
  context.fillStyle = token("muted")
  context.textAlign = "center"
  for (const country of countries) {
    const text = country.name.toUpperCase()
    const [[left, top], [right, bottom]] = path.bounds(country.shape)
    const [x, y] = path.centroid(country.shape)
    if (!Number.isFinite(x) || right - left < text.length * 9 || bottom - top < 28) continue
    context.fillText(text, x, y)
  }
}
