/** Every planted fault. */
import { addressFaults } from './addresses.ts'
import { journalFaults } from './journals.ts'
import { memberFaults } from './members.ts'
import type { Planted } from './planted.ts'
import { recordFaults } from './records.ts'

export const planted: readonly Planted[] = [...addressFaults, ...memberFaults, ...journalFaults, ...recordFaults]

/** @param what it says of itself */
export function plantedBug(what: string): Planted {
  const bug = planted.find(each => each.what === what)
  if (!bug) throw new Error(`no planted fault is ‘${what}’`)
  return bug
}
