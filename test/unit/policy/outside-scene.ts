import { type Address, formatAddress, parseAddress } from '../../../src/model/address-match.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import {
  type Books,
  compileOutside,
  type Outlet,
  type OutsideRules,
  outsideState,
  outsideTable,
  type TableState,
} from '../../../src/policy/index.ts'
import type { Scene } from './scene.ts'

export const table = `inet ${outsideTable}`
export const deny: RuleRequest = { action: 'deny', protocol: 'tcp' }

export const addressOf = (text: string) => parseAddress(text) as Address

/** A container by its address on docker_gwbridge, with its places in networks. */
export function outlet(scene: Scene, address: string, ...places: [ip: string, group?: string][]): Outlet {
  return {
    address: addressOf(address),
    places: places.map(([ip, group]) => ({
      tenant: 'default',
      ip: addressOf(ip),
      group: group === undefined ? undefined : scene.group(group),
    })),
  }
}

/** What the kernel should hold. @param left what an earlier run left, for a peer that does not know all */
export function stateOf(outlets: readonly Outlet[], books: Books, left?: TableState, isStarting = false): TableState {
  return stateFor(outlets, compileOutside(outlets, books, left ? 'beside' : ''), left, isStarting)
}

/** The same of rules that are compiled. */
export function stateFor(
  outlets: readonly Outlet[],
  rules: OutsideRules,
  left?: TableState,
  isStarting = false,
): TableState {
  const known = outlets.map(({ address }) => formatAddress(address))
  return outsideState({ rules, known, isStarting, bridge: 'docker_gwbridge', left })
}
