import type { Feature, FeatureCollection, Geometry, MultiLineString } from "geojson"
import { geoBounds, geoPath } from "d3-geo"
import { feature, mesh } from "topojson-client"
import type { GeometryCollection, Topology } from "topojson-specification"
import address from "world-atlas/countries-50m.json?url"
import { token } from "@/design/theme"
import { graticule, projectionOf, type Look, type Size } from "@/pages/telemetry/geography"

type World = Topology<{ countries: GeometryCollection<{ name: string }>; land: GeometryCollection }>

export interface Borders {
  countries: { name: string; shape: Feature<Geometry, { name: string }>; box: [[number, number], [number, number]] }[]
  /** Lines between two countries, each once. */
  inner: MultiLineString
}

/** Natural Earth at 1:50 million (public domain), as the console brings it along. */
export async function fetchBorders(signal: AbortSignal): Promise<Borders> {
  const reply = await fetch(address, { signal })
  if (!reply.ok) throw new Error(`The map's borders are missing: ${reply.status}`)
  const world = (await reply.json()) as World
  const all = feature(world, world.objects.countries) as FeatureCollection<Geometry, { name: string }>
  return {
    countries: all.features.map((shape) => ({ name: shape.properties.name, shape, box: geoBounds(shape) })),
    inner: mesh(world, world.objects.countries, (a, b) => a !== b),
  }
}

/** A country whose box is wholly elsewhere is not worth projecting. One across the 180th meridian (west > east) always is. */
function inSight([[west, south], [east, north]]: Borders["countries"][number]["box"], view: [[number, number], [number, number]]): boolean {
  if (view[1][0] - view[0][0] >= 300 || west > east || view[0][0] > view[1][0]) return true
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
