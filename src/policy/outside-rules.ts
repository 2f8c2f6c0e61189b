/** Pure: what one rule is where containers meet the outside, whatever the other rules are: the same for as long as it is the same rule. */
import { sha256Hex } from '../lib/bytes.ts'
import type { AddressMatch, Family } from '../model/address-match.ts'
import { type BookRule, protocolIn, speaksOf } from './book-rule.ts'
import { namesOthers } from './forms.ts'
import { counterName } from './lowering.ts'
import type { Chain } from './rule-chains.ts'
import { ends, type Target, type Terms, termsOf } from './terms.ts'

/** Where a rule leads, and what it matches at the other end. */
export interface OutsideRule {
  readonly counter: string
  /** What this lets pass is back where the list was jumped to, so the list is over. */
  readonly chain: Chain
  /** By family of the flow; undefined if no flow of it from or to the outside can be meant. */
  readonly forms: Readonly<Record<Family, Terms | undefined>>
  readonly target: Target
  /** Addresses of the end that it is judged for; undefined for any. */
  readonly own: AddressMatch | undefined
}

/** A rule is one tenant's. */
const known = new WeakMap<BookRule, OutsideRule>()

export function outsideRule(tenant: string, rule: BookRule): OutsideRule {
  const before = known.get(rule)
  if (before) return before
  const { direction, from, to, rank, value } = rule
  const counter = outsideCounter(tenant, rule)
  const name = `e_${counter}`
  const target = { statement: `goto ${name}`, verdict: `goto ${name}` }
  const [peer, own] = direction === 'in' ? [from, to] : [to, from]
  const formFor = (family: Family): Terms | undefined => {
    // who is outside is nobody's member and in no network
    if (namesOthers(rule) || !speaksOf(rule, family)) return undefined
    const match = { conditions: '', peer, protocol: protocolIn(rule, family), port: value.port }
    return termsOf(match, ends[family][direction])
  }
  const line = rank % 2 === 1 ? `ct state new counter name "${counter}"` : `counter name "${counter}" drop`
  const found = { counter, chain: { name, lines: [line] }, forms: { 4: formFor(4), 6: formFor(6) }, target, own }
  known.set(rule, found)
  return found
}

/** Whether its forms depend on the containers. */
export function namesOwn(tenant: string, rule: BookRule): boolean {
  return outsideRule(tenant, rule).own !== undefined
}

/** Of all tenants there is one table, so the tenant is in the name of a counter. */
export function outsideCounter(tenant: string, { policy, id, hash }: Pick<BookRule, 'policy' | 'id' | 'hash'>): string {
  return `${outsidePrefix(tenant)}${counterName(policy, id, hash)}`
}

export function outsidePrefix(tenant: string): string {
  return `t_${sha256Hex(tenant).slice(0, 12)}_`
}
