/** A rule as the book has it: ready to be compared with flows, and with other rules. */
import type { Rule } from '../crdt/objects-view.ts'
import { type AddressMatch, type Family, familyOf, parseAddressMatch } from '../model/address-match.ts'
import { compareRuleIds, icmp, icmp6, protocolNumber, type RuleValue } from '../model/rule.ts'

export interface BookRule {
  /** Name of its policy. */
  readonly policy: string
  /** Its id as it was written: what the order goes by. */
  readonly id: string
  /** `5`, or `5~1a2b` for the later of two values under one id. */
  readonly shown: string
  /** Names the value: 64 hex digits. */
  readonly hash: string
  readonly value: RuleValue
  readonly direction: RuleValue['direction']
  /**
   * `2 × (100 − priority) + (allow ? 1 : 0)`: of the rules that match a flow the lowest rank decides, and an even one denies.
   * From 0 (deny at priority 100) to 199 (allow at priority 1).
   */
  readonly rank: number
  /** Source addresses; undefined for any. */
  readonly from: AddressMatch | undefined
  /** Destination addresses; undefined for any. */
  readonly to: AddressMatch | undefined
  /** That of its addresses; without any it speaks of both. */
  readonly family: Family | undefined
  /** In the IPv4 header; undefined for any. See `protocolIn`. */
  readonly protocol: number | undefined
}

const made = new WeakMap<Rule, BookRule>()

/** The same object for the same rule. */
export function bookRule(policy: string, rule: Rule): BookRule {
  const known = made.get(rule)
  if (known) return known
  const { id, shown, hash, value } = rule
  const from = value.fromIp === '' ? undefined : parseAddressMatch('from-ip-address', value.fromIp)
  const to = value.toIp === '' ? undefined : parseAddressMatch('to-ip-address', value.toIp)
  const some = from ?? to
  const found: BookRule = {
    ...{ policy, id, shown, hash, value, direction: value.direction },
    rank: 2 * (100 - value.priority) + (value.action === 'allow' ? 1 : 0),
    ...{ from, to },
    family: some && familyOf(some.first),
    protocol: protocolNumber(value.protocol),
  }
  made.set(rule, found)
  return found
}

/** The number of the rule's protocol in the header of that family: `icmp` is what the family has for it. */
export function protocolIn({ protocol }: Pick<BookRule, 'protocol'>, family: Family): number | undefined {
  return protocol === icmp && family === 6 ? icmp6 : protocol
}

/** Whether flows of that family may fit it at all. */
export function speaksOf(rule: BookRule, family: Family): boolean {
  return rule.family === undefined || rule.family === family
}

/**
 * I6: the first in this order of the rules that match a flow decides. Higher priority, then deny before allow, then the
 * lower id; what is still equal has one verdict, and the rest of the order only says which rule is named.
 */
export function compareBookRules(a: BookRule, b: BookRule): number {
  return a.rank - b.rank || compareRuleIds(a.id, b.id) || compareText(a.policy, b.policy) || compareText(a.hash, b.hash)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
