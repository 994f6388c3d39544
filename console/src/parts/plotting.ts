import uPlot from "uplot"
import { formatNumber } from "@/design/format"
import { token } from "@/design/theme"
import { timeLabels } from "@/parts/timeAxis"

export interface Series {
  label: string
  unit: string
  /** null is a gap; undefined: this series has no point at this x, and its line goes on. */
  values: readonly (number | null | undefined)[]
  /** A band around the line, such as the least and the greatest value of each bucket. */
  low?: readonly (number | null | undefined)[] | undefined
  high?: readonly (number | null | undefined)[] | undefined
  /** Draws bars from zero, or steps, instead of a line. */
  kind?: "line" | "step" | "area" | undefined
}

/** A horizontal line on the axis of a unit. */
export interface Threshold {
  value: number
  unit: string
}

/** Of so few points each is drawn as a dot. */
const FEW = 60
const FONT = "12px system-ui, sans-serif"
const COLOURS = 6

export const colourOf = (at: number): number => (at % COLOURS) + 1

export function unitsOf(series: readonly Series[]): string[] {
  return [...new Set(series.map((one) => one.unit))]
}

/** Each unit has a scale of its own; the first two have an axis too. */
export function scaleOf(series: readonly Series[], unit: string): string {
  return `y${Math.max(unitsOf(series).indexOf(unit), 0)}`
}

/** The columns of the plot: x, then the lines, then low and high of each band. */
export function columns(x: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const bands = series.filter((one) => one.low && one.high).flatMap((one) => [one.low!, one.high!])
  return [x, ...series.map((one) => one.values), ...bands] as unknown as uPlot.AlignedData
}

/** Points that no line leads to: between two gaps, or alone. They are drawn as dots, else nobody would see them. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const found: number[] = []
  let last = -1
  let alone = true
  values.forEach((value, at) => {
    if (value === undefined) return
    if (value === null) {
      if (last >= 0 && alone) found.push(last)
      last = -1
      alone = true
      return
    }
    if (last >= 0) alone = false
    last = at
  })
  if (last >= 0 && alone) found.push(last)
  return found
}

/** The nearest point of a series to an index of the common x axis: where series have times of their own, most are empty. */
export function nearest(values: readonly (number | null | undefined)[], at: number): number | null {
  for (let by = 0; by < values.length; by++) {
    for (const place of [at - by, at + by]) {
      const value = values[place]
      if (value === null && by === 0) return null
      if (typeof value === "number") return place
    }
  }
  return null
}

/** What an axis shows of values from `low` to `high`: some room around. Per cent within 0 and 100 have no axis beyond. */
export function spread(low: number, high: number, unit: string): [number, number] {
  const [least, most] = uPlot.rangeNum(low, high, 0.08, true) as [number, number]
  if (unit !== "%" || low < 0 || high > 100) return [least, most]
  return [Math.max(least, 0), Math.min(most, 100)]
}

export function axes(series: readonly Series[]): uPlot.Axis[] {
  const common = { stroke: token("muted"), grid: { stroke: token("border"), width: 1 }, ticks: { show: false }, font: FONT }
  const y = unitsOf(series).slice(0, 2).map((_, at): uPlot.Axis => ({
    ...common,
    scale: `y${at}`,
    side: at ? 1 : 3,
    grid: { ...common.grid, show: at === 0 },
    size: (_chart, values) => Math.max(...(values ?? []).map((value) => String(value).length), 2) * 7 + 16,
    values: (_chart, splits) => splits.map((value) => formatNumber(value)),
  }))
  const time: uPlot.Axis = { ...common, size: 44, space: 92, values: (_chart, splits, _at, _space, every) => timeLabels(splits, every) }
  return [time, ...y]
}

function pathOf(kind: Series["kind"]): Partial<uPlot.Series> {
  if (kind === "area") return { fill: token("accent-soft") }
  return kind === "step" && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}
}

const valuesOf = (chart: uPlot, number: number): Series["values"] => chart.data[number] as Series["values"]

/** The drawn series and bands, in the order of `columns`. */
export function drawn(series: readonly Series[]): Pick<uPlot.Options, "series" | "bands"> {
  const lines = series.map((one, at): uPlot.Series => ({
    label: one.label,
    scale: scaleOf(series, one.unit),
    stroke: token(`series-${colourOf(at)}`),
    width: 1.5,
    points: {
      size: 5,
      show: (chart, number, from, to) => to - from < FEW || lonely(valuesOf(chart, number)).length > 0,
      filter: (chart, number) => {
        const values = valuesOf(chart, number)
        const dots = lonely(values)
        const held: number[] = []
        values.forEach((value, place) => typeof value === "number" && held.push(place))
        return held.length < FEW ? held : dots
      },
    },
    ...pathOf(one.kind),
  }))
  const edges: uPlot.Series[] = []
  const bands: uPlot.Band[] = []
  series.forEach((one, at) => {
    if (!one.low || !one.high) return
    const edge: uPlot.Series = { scale: scaleOf(series, one.unit), stroke: "transparent", width: 0, points: { show: false } }
    const low = 1 + lines.length + edges.length
    edges.push(edge, { ...edge })
    bands.push({ series: [low + 1, low], fill: `color-mix(in srgb, ${token(`series-${colourOf(at)}`)} 22%, transparent)` })
  })
  return { series: [{}, ...lines, ...edges], bands }
}

/** Writes each axis' unit above it, and draws the threshold. */
export function decorate(chart: uPlot, series: readonly Series[], threshold: Threshold | null): void {
  const { left, top, width, height } = chart.bbox
  const ratio = devicePixelRatio
  chart.ctx.save()
  chart.ctx.font = `${12 * ratio}px system-ui, sans-serif`
  chart.ctx.fillStyle = token("muted")
  chart.ctx.textBaseline = "bottom"
  unitsOf(series).slice(0, 2).forEach((unit, at) => {
    chart.ctx.textAlign = at ? "left" : "right"
    chart.ctx.fillText(unit, at ? left + width + 8 * ratio : left - 8 * ratio, top - 6 * ratio)
  })
  if (threshold) {
    const y = Math.round(chart.valToPos(threshold.value, scaleOf(series, threshold.unit), true))
    if (y >= top && y <= top + height) {
      chart.ctx.strokeStyle = token("bad")
      chart.ctx.setLineDash([6 * ratio, 4 * ratio])
      chart.ctx.lineWidth = 1.5 * ratio
      chart.ctx.beginPath()
      chart.ctx.moveTo(left, y)
      chart.ctx.lineTo(left + width, y)
      chart.ctx.stroke()
    }
  }
  chart.ctx.restore()
}
