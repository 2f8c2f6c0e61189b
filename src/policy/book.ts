/**
 * What one tenant's groups, policies and rules say, in the form in which they are asked. A book is a value: `readBook`
 * makes the next one out of the records and the last one, of which it keeps whatever is as it was.
 */
import type { Group, Rule } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { amended, amendmentOf } from '../lib/order.ts'
import { remembered } from '../lib/remembered.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { RuleValue } from '../model/rule.ts'
import { type BookRule, bookRule, compareBookRules } from './book-rule.ts'

/** What a rule applies to, seen from a group that has its policy: `in` towards its members, `out` from them. */
export type Direction = RuleValue['direction']

export interface PolicyBook {
  readonly tenant: string
  /** Live and draining, sorted by (name, id). */
  readonly groups: readonly Group[]
  group(id: GroupId): Group | undefined
  /** Live and draining, sorted by (name, id). */
  readonly networks: readonly Network[]
  network(id: NetworkId): Network | undefined
  /** Rules that may decide over flows to (`in`) or from (`out`) members of the group, in the order in which they win. */
  rulesFor(group: GroupId, direction: Direction): readonly BookRule[]
  /**
   * The same of all groups that have these policies, sorted, each once: the same array for the same policies, and the next book has it while
   * none of those rules changes.
   */
  rulesOf(policies: readonly string[], direction: Direction): readonly BookRule[]
  /**
   * Groups that a rule means by a name. Two may have been born under it on two sides of a split: an allow means the one that
   * bears the name now, a deny also the other, whose members it was written against.
   */
  groupsNamed(name: string, action: RuleValue['action']): readonly GroupId[]
  /** The same of networks. */
  networksNamed(name: string, action: RuleValue['action']): readonly NetworkId[]
}

interface Named {
  readonly id: string
  readonly name: string
}

interface Parts {
  readonly groups: readonly Group[]
  readonly networks: readonly Network[]
  /** Of the policies that some group has. */
  readonly rules: ReadonlyMap<string, readonly Rule[]>
  /** By direction and policies, made when they are first asked for. */
  readonly merged: Readonly<Record<Direction, Map<string, Merged>>>
}

/** The rules of several policies in one direction. */
interface Merged {
  /** The rules of each policy, of which it was made. */
  readonly of: readonly (readonly Rule[])[]
  readonly rules: readonly BookRule[]
}

/** The parts of each book, for the next one. */
const partsOf = new WeakMap<PolicyBook, Parts>()

/** The tenant's book as of now; `before` itself if it says the same. */
export function readBook(view: RegistryView, tenant: string, before?: PolicyBook): PolicyBook {
  const old = before?.tenant === tenant ? partsOf.get(before) : undefined
  const groups = kept(old?.groups, view.objects.groups(tenant), (a, b) => a === b)
  const networks = kept(old?.networks, view.networks(tenant), sameNetwork)
  const { policies } = groupsIndex(groups)
  const rules = new Map(policies.map(name => [name, view.objects.rules(tenant, name)] as const))
  const isSame = policies.every(name => old?.rules.get(name) === rules.get(name))
  if (before && old?.groups === groups && old.networks === networks && isSame) return before
  const stillUsed = (known: Parts['merged']['in'] = new Map()) =>
    new Map([...known].filter(([text]) => text.split(' ').every(name => name === '' || rules.has(name))))
  const merged = { in: stillUsed(old?.merged.in), out: stillUsed(old?.merged.out) }
  return bookOf(tenant, { groups, networks, rules, merged })
}

function bookOf(tenant: string, parts: Parts): PolicyBook {
  const { groups, networks, rules, merged } = parts
  const { byId, names: groupNames } = groupsIndex(groups)
  const { byId: networkById, names: networkNames } = networksIndex(networks)
  const book: PolicyBook = {
    ...{ tenant, groups, networks },
    group: id => byId.get(id),
    network: id => networkById.get(id),
    rulesFor: (group, direction) => book.rulesOf(byId.get(group)?.policies ?? none, direction),
    rulesOf(policies, direction) {
      const text = policies.join(' ') // names have no space
      const of = policies.map(policy => rules.get(policy) ?? noRules)
      const found = mergedRules(policies, direction, of, merged[direction].get(text))
      merged[direction].set(text, found)
      return found.rules
    },
    groupsNamed: (name, action) => groupNames[action].get(name) ?? none,
    networksNamed: (name, action) => networkNames[action].get(name) ?? none,
  }
  partsOf.set(book, parts)
  return book
}

const none: readonly string[] = []
const noRules: readonly Rule[] = []

/** The old list if the new one says the same. */
function kept<T>(before: readonly T[] | undefined, now: readonly T[], isSame: (a: T, b: T) => boolean): readonly T[] {
  const same = before?.length === now.length && before.every((item, i) => isSame(item, now[i] as T))
  return same ? before : now
}

/** What an id stands for never changes but for these. */
function sameNetwork(a: Network, b: Network): boolean {
  return a.id === b.id && a.name === b.name && a.givenName === b.givenName && a.status === b.status && a.into === b.into
}

/** `before` itself if it is of the same rules; else only what differs is compared. */
function mergedRules(
  policies: readonly string[],
  direction: Direction,
  of: Merged['of'],
  before: Merged = { of: [], rules: [] },
): Merged {
  if (before.of.length === of.length && of.every((rules, at) => rules === before.of[at])) return before
  const changes = policies.map((policy, at) => {
    const { gone, added } = amendmentOf(before.of[at] ?? [], of[at] ?? [])
    const its = (rules: readonly Rule[]) =>
      rules.filter(({ value }) => value.direction === direction).map(rule => bookRule(policy, rule))
    return { gone: its(gone), added: its(added) }
  })
  const amendment = { gone: changes.flatMap(({ gone }) => gone), added: changes.flatMap(({ added }) => added) }
  return { of, rules: amended(before.rules, amendment, compareBookRules) }
}

/** Of a list, most of whose changes are none: rules change. */
const groupsIndex = remembered((groups: readonly Group[]) => ({
  byId: new Map(groups.map(group => [group.id, group])),
  names: namesOf(groups, group => group.bornName),
  policies: [...new Set(groups.flatMap(group => group.policies))],
}))
const networksIndex = remembered((networks: readonly Network[]) => ({
  byId: new Map(networks.map(network => [network.id, network])),
  names: namesOf(networks, network => network.givenName),
}))

/** Who is meant by a name in an allow and in a deny. @param first the name that an item was first to have */
function namesOf<T extends Named>(items: readonly T[], first: (item: T) => string) {
  const [allow, deny] = [new Map<string, string[]>(), new Map<string, string[]>()]
  const put = (map: Map<string, string[]>, name: string, id: string) => map.set(name, [...(map.get(name) ?? []), id])
  for (const item of items) {
    put(allow, item.name, item.id)
    for (const name of new Set([item.name, first(item)])) put(deny, name, item.id)
  }
  return { allow, deny }
}
