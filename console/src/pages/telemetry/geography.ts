import { geoMercator, type GeoProjection } from "d3-geo"

export interface Place { latitude: number; longitude: number }
export interface Size { width: number; height: number }

/** What the map shows: its middle in degrees, and pixels per radian of longitude. */
export interface Look { longitude: number; latitude: number; scale: number }

export const WIDEST = 40
export const CLOSEST = 400_000
/** The map never begins closer than this many degrees across: around it there shall be something to know the place by. */
const LEAST_DEGREES = 3
const MARGIN = 70
const NORTH = 84
const EARTH = 6_371_008.8
const RADIAN = 180 / Math.PI

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)
/** Web Mercator's y of a latitude, in radians. */
export const northing = (latitude: number): number => Math.log(Math.tan(Math.PI / 4 + clamp(latitude, -NORTH, NORTH) / RADIAN / 2))
const latitudeOf = (y: number): number => (2 * Math.atan(Math.exp(y)) - Math.PI / 2) * RADIAN

export function projectionOf(look: Look, size: Size): GeoProjection {
  return geoMercator().scale(look.scale).center([look.longitude, look.latitude]).translate([size.width / 2, size.height / 2]).clipExtent([[-20, -20], [size.width + 20, size.height + 20]])
}

export function bound(look: Look): Look {
  const longitude = ((((look.longitude + 180) % 360) + 360) % 360) - 180
  return { longitude, latitude: clamp(look.latitude, -NORTH, NORTH), scale: clamp(look.scale, WIDEST, CLOSEST) }
}

/** The look that has all places in it, with room for their labels; of none, the world. */
export function fit(places: readonly Place[], size: Size): Look {
  if (!places.length) return bound({ longitude: 10, latitude: 25, scale: size.width / 2 / Math.PI })
  const [west, east] = [Math.min(...places.map((one) => one.longitude)), Math.max(...places.map((one) => one.longitude))]
  const [south, north] = [Math.min(...places.map((one) => northing(one.latitude))), Math.max(...places.map((one) => northing(one.latitude)))]
  const room = (pixels: number): number => Math.max(pixels - 2 * MARGIN, 40)
  const scale = Math.min(
    room(size.width) / Math.max((east - west) / RADIAN, 1e-9),
    room(size.height) / Math.max(north - south, 1e-9),
    size.width / (LEAST_DEGREES / RADIAN),
  )
  return bound({ longitude: (west + east) / 2, latitude: latitudeOf((south + north) / 2), scale })
}

/** The look after the map was dragged by so many pixels. */
export function dragged(look: Look, dx: number, dy: number): Look {
  return bound({ ...look, longitude: look.longitude - (dx / look.scale) * RADIAN, latitude: latitudeOf(northing(look.latitude) + dy / look.scale) })
}

/** Zooms `factor` times closer; the point at x, y (pixels) stays where it is. */
export function closer(look: Look, factor: number, size: Size, x = size.width / 2, y = size.height / 2): Look {
  const scale = clamp(look.scale * factor, WIDEST, CLOSEST)
  const [dx, dy] = [x - size.width / 2, y - size.height / 2]
  const moved = dragged(look, -dx, -dy)
  return dragged({ ...moved, scale }, dx, dy)
}

/** A round length in metres that takes at most `most` pixels in the middle of the map, and how many it takes. */
export function scaleBar(look: Look, most = 120): { metres: number; pixels: number } {
  const perPixel = (EARTH * Math.cos(look.latitude / RADIAN)) / look.scale
  const power = 10 ** Math.floor(Math.log10(perPixel * most))
  const metres = [5, 2, 1].map((digit) => digit * power).find((length) => length <= perPixel * most) ?? power
  return { metres, pixels: metres / perPixel }
}

/** Degrees between two lines of the graticule: about six of them across. */
export function graticuleStep(look: Look, size: Size): number {
  const degrees = (size.width / look.scale) * RADIAN
  return [45, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01].find((step) => degrees / step >= 5) ?? 0.01
}

/** Meridians and parallels in sight, each from end to end in pixels. Mercator's are straight; close by the Earth has millions. */
export function graticule(look: Look, size: Size): { from: [number, number]; to: [number, number] }[] {
  const step = graticuleStep(look, size)
  const project = projectionOf(look, size).clipExtent(null)
  const [across, up] = [(size.width / 2 / look.scale) * RADIAN, size.height / 2 / look.scale]
  const [west, east] = [Math.max(look.longitude - across, -180), Math.min(look.longitude + across, 180)]
  const [south, north] = [-1, 1].map((way) => clamp(latitudeOf(northing(look.latitude) + way * up), -NORTH, NORTH)) as [number, number]
  const multiples = (least: number, most: number): number[] => {
    const first = Math.ceil(least / step)
    return Array.from({ length: Math.max(Math.floor(most / step) - first + 1, 0) }, (_, at) => (first + at) * step)
  }
  const line = (from: [number, number], to: [number, number]) => ({ from: project(from)!, to: project(to)! })
  return [
    ...multiples(west, east).map((longitude) => line([longitude, south], [longitude, north])),
    ...multiples(south, north).map((latitude) => line([west, latitude], [east, latitude])),
  ]
}

export interface Box { x: number; y: number; width: number; height: number }
const apart = (a: Box, b: Box): boolean => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y

export type Where = "right" | "left" | "above" | "below" | "none"

/** Where each label has room beside its marker: no label lies on another one or on a marker; earlier ones choose first. */
export function placeLabels(markers: readonly { x: number; y: number; text: string }[], size: Size, taken: readonly Box[] = []): Where[] {
  const radius = 8
  const boxes: Box[] = [...taken, ...markers.map(({ x, y }) => ({ x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius }))]
  return markers.map(({ x, y, text }, at) => {
    const [width, height] = [text.length * 7.2 + 8, 20]
    const ways: [Where, Box][] = [
      ["right", { x: x + 10, y: y - 10, width, height }],
      ["left", { x: x - 10 - width, y: y - 10, width, height }],
      ["above", { x: x - width / 2, y: y - 30, width, height }],
      ["below", { x: x - width / 2, y: y + 10, width, height }],
    ]
    const found = ways.find(([, box]) => box.x >= 0 && box.x + box.width <= size.width && boxes.every((other, number) => number === at + taken.length || apart(box, other)))
    if (found) boxes.push(found[1])
    return found?.[0] ?? "none"
  })
}
