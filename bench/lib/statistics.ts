/** Pure: medians, and what two sides that ran in pairs say about each other. */

export type Unit = 'ms' | 'µs' | 's' | 'MB' | 'B' | '/s' | ''

/** One line of a result. Figures are medians; a ratio is ours to the base, below 1 where ours is smaller. */
export interface Row {
  readonly what: string
  readonly unit: Unit
  readonly ours: number
  readonly base?: number
  /** Of the ratios of the pairs: median, and the quartiles around it. */
  readonly ratio?: { readonly median: number; readonly low: number; readonly high: number }
  readonly samples: { readonly ours: readonly number[]; readonly base: readonly number[] }
}

/** The value below which the share `q` (0 to 1) of the values lies, interpolated. Throws for no values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('no values: nothing was measured')
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * q
  const below = Math.floor(place)
  const low = sorted[below] as number
  return low + ((sorted[Math.ceil(place)] as number) - low) * (place - below)
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/**
 * Two sides, measured in pairs. The ratio is the median of the pairs' own ratios, not the ratio of the medians: what
 * slows the machine for a while slows both halves of a pair.
 */
export function compare(what: string, unit: Unit, ours: readonly number[], base: readonly number[]): Row {
  if (ours.length !== base.length) throw new Error(`${what}: ${ours.length} and ${base.length} values are no pairs`)
  const ratios = ours.map((value, at) => value / (base[at] as number))
  const ratio = { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }
  return { what, unit, ours: median(ours), base: median(base), ratio, samples: { ours, base } }
}

/** Two sides that a ratio says nothing about, since a value may be zero or negative. */
export function besides(what: string, unit: Unit, ours: readonly number[], base: readonly number[]): Row {
  return { what, unit, ours: median(ours), base: median(base), samples: { ours, base } }
}

/** A figure of ours alone. */
export function alone(what: string, unit: Unit, ours: readonly number[]): Row {
  return { what, unit, ours: median(ours), samples: { ours, base: [] } }
}
