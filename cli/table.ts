/**
 * Tables as Go's text/tabwriter draws them with padding 2, which is how netctl's look: each cell but the last of a row is
 * as wide as the longest of its column and two blanks. The last is not padded, so an empty one leaves two blanks behind.
 */

/** With `padLast` the last cell is padded too, as in a row that ends with a tab. Every row has the same number of cells. */
export function table(rows: readonly (readonly string[])[], options: { padLast?: boolean } = {}): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => lengthOf(row[column]))))
  const padded = (cell: string, column: number): string => {
    const last = column === widths.length - 1 && !options.padLast
    return last ? cell : cell + ' '.repeat((widths[column] ?? 0) + 2 - lengthOf(cell))
  }
  return rows.map(row => `${row.map(padded).join('')}\n`).join('')
}

/** In code points, as tabwriter counts. */
function lengthOf(cell: string | undefined): number {
  return [...(cell ?? '')].length
}
