/** Pure: results as text. */
import type { Row, Unit } from './statistics.ts'

/** Three significant digits, and the unit; `-` for no value. */
export function figure(value: number | undefined, unit: Unit): string {
  return value === undefined ? '-' : `${digits(value)} ${unit}`.trimEnd()
}

function digits(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

/** One table: columns padded, two blanks between, figures to the right. */
export function resultTable(rows: readonly Row[], ours: string, base: string): string {
  const head = ['', ours, base, 'ratio', 'middle half', 'pairs']
  const lines = rows.map(row => [
    row.what,
    figure(row.ours, row.unit),
    figure(row.base, row.unit),
    row.ratio ? digits(row.ratio.median) : '-',
    row.ratio ? `${digits(row.ratio.low)} to ${digits(row.ratio.high)}` : '-',
    String(row.samples.ours.length),
  ])
  return columns([head, ...lines])
}

/** The first column to the left, the others to the right. */
export function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map(line => (line[at] ?? '').length)))
  const pad = (cell: string, at: number) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))
  return lines.map(line => line.map(pad).join('  ').trimEnd()).join('\n')
}
