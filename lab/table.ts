/** The table of `skein lab status`. */
import type { HostStatus } from './lab.ts'

export function statusTable(rows: readonly HostStatus[]): string {
  const head = ['HOST', 'ADDRESS', 'ENGINE', 'PEER', 'MEMBERS', 'CUT FROM']
  const body = rows.map(row => [
    row.name,
    row.address,
    row.engine === '' ? 'not answering' : row.engine,
    row.peer,
    row.members === '' ? '-' : row.members,
    row.cutFrom.length === 0 ? '-' : row.cutFrom.join(' '),
  ])
  const table = [head, ...body]
  const widths = head.map((_, column) => Math.max(...table.map(line => line[column]?.length ?? 0)))
  return table
    .map(line =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
