/** A stretch of an axis, such as of time: from less than to. The unit is the caller's. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Enlarges a range `factor` times, or shrinks it; `around` stays where it is. */
export function zoomed(range: Range, factor: number, around = (range.from + range.to) / 2): Range {
  return { from: around - (around - range.from) * factor, to: around + (range.to - around) * factor }
}

/** Moves a range by a share of its width: 0.5 is half a picture towards later. */
export function panned(range: Range, share: number): Range {
  const by = (range.to - range.from) * share
  return { from: range.from + by, to: range.to + by }
}

/** The range with a width between two bounds and both ends within others; its middle stays where it can. */
export function bounded(range: Range, least: number, within: Range): Range {
  const most = within.to - within.from
  const width = Math.min(Math.max(range.to - range.from, least), most)
  const middle = (range.from + range.to) / 2
  const from = Math.min(Math.max(middle - width / 2, within.from), within.to - width)
  return width === range.to - range.from && from === middle - width / 2 ? range : { from, to: from + width }
}
