/** When two keys may be those of one host. */
import type { Member } from './registry-view.ts'

/** They have the name, the address or the machine in common. */
export function isSameHost(a: Member, b: Member): boolean {
  return a.name === b.name || isSame(a.vtepAddress, b.vtepAddress) || isSameMachine(a, b)
}

/** Both say on which machine they run, and it is one. */
export function isSameMachine(a: Member, b: Member): boolean {
  return isSame(a.machine, b.machine)
}

function isSame(one: string, other: string): boolean {
  return one !== '' && one === other
}
