/** Whether a flow passes, and by which rule (I6): the one meaning of policies, which everything else is compared with. */

import { type Address, type Family, familyOf, isWithin } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { RuleValue } from '../model/rule.ts'
import type { Direction, PolicyBook } from './book.ts'
import { type BookRule, compareBookRules, protocolIn } from './book-rule.ts'

/** One end of a flow. */
export interface Party {
  /** Of the same family at both ends. */
  readonly ip: Address
  /** The network that it speaks in; undefined outside (a published port's caller, a host on the Internet). */
  readonly network: NetworkId | undefined
  /** The group of its endpoint; undefined for none. */
  readonly group: GroupId | undefined
}

/** A flow in the direction of its first packet; its replies are judged with it. */
export interface Flow {
  readonly src: Party
  readonly dst: Party
  /** As in the header of its family: 1 ICMP, 58 ICMPv6, 6 TCP, 17 UDP. */
  readonly protocol: number
  /** Destination port; 0 for protocols without. */
  readonly port: number
}

export interface Verdict {
  readonly action: RuleValue['action']
  /** What decides; undefined if no rule matches, and the flow passes. */
  readonly rule?: DecidingRule
}

export interface DecidingRule {
  readonly policy: string
  /** The rule's id as it is shown: `5`, or `5~1a2b`. */
  readonly id: string
  readonly priority: number
  /** `in`: by the receiver's group; `out`: by the sender's. */
  readonly direction: Direction
  /** Whose policy it is. */
  readonly group: GroupId
  readonly value: RuleValue
}

/** The tenant's verdict on a flow within it, into it or out of it. */
export function verdict(book: PolicyBook, flow: Flow): Verdict {
  const incoming = firstMatch(book, flow, 'in', flow.dst.group)
  const outgoing = firstMatch(book, flow, 'out', flow.src.group)
  const decides =
    incoming && outgoing ? (compareEnds(incoming, outgoing) <= 0 ? incoming : outgoing) : (incoming ?? outgoing)
  if (!decides) return { action: 'allow' }
  return verdictOf(decides)
}

/** A rule that may decide, and whose it is. */
export interface Match {
  readonly rule: BookRule
  readonly group: GroupId
}

/** The verdict of a rule that decides. */
export function verdictOf({ rule, group }: Match): Required<Verdict> {
  const { priority, direction, action } = rule.value
  return { action, rule: { policy: rule.policy, id: rule.shown, priority, direction, group, value: rule.value } }
}

function firstMatch(book: PolicyBook, flow: Flow, direction: Direction, group: GroupId | undefined): Match | undefined {
  if (group === undefined) return undefined
  const rule = book.rulesFor(group, direction).find(each => matches(book, each, flow))
  return rule && { rule, group }
}

/** Of two rules that are equal but for their direction the receiver's is named. */
export function compareEnds(incoming: Match, outgoing: Match): number {
  return compareBookRules(incoming.rule, outgoing.rule)
}

/**
 * True if every field that the rule gives fits. A name that no group or network bears fits nothing, in allows and denies
 * alike: what is not there sends nothing.
 */
export function matches(book: PolicyBook, rule: BookRule, flow: Flow): boolean {
  const { src, dst, port } = flow
  return (
    (rule.value.port === 0 || rule.value.port === port) &&
    isWithin(rule.from, src.ip) &&
    isWithin(rule.to, dst.ip) &&
    matchesNames(book, rule, { ...flow, family: familyOf(src.ip) })
  )
}

/** A flow without the numbers that rules may be particular about. */
export interface NamedFlow {
  readonly src: Omit<Party, 'ip'>
  readonly dst: Omit<Party, 'ip'>
  readonly family: Family
  readonly protocol: number
}

/** The part of `matches` that addresses and ports have no say in. */
export function matchesNames(book: PolicyBook, rule: BookRule, { src, dst, family, protocol }: NamedFlow) {
  const { value } = rule
  return (
    (rule.protocol === undefined || protocolIn(rule, family) === protocol) &&
    isNamed(value.fromGroup, src.group, name => book.groupsNamed(name, value.action)) &&
    isNamed(value.toGroup, dst.group, name => book.groupsNamed(name, value.action)) &&
    isNamed(value.fromNetwork, src.network, name => book.networksNamed(name, value.action)) &&
    isNamed(value.toNetwork, dst.network, name => book.networksNamed(name, value.action))
  )
}

function isNamed(name: string, id: string | undefined, bearers: (name: string) => readonly string[]): boolean {
  return name === '' || (id !== undefined && bearers(name).includes(id))
}
