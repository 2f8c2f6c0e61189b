/**
 * What one tenant's groups, policies and rules say, in the form in which they are asked. A book is a value: `readBook`
 * makes the next one out of the records and the last one, of which it keeps whatever is as it was.
 */
import type { Group, Rule } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { reordered } from '../lib/order.ts'
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
  /**
   * Rules that may decide over flows to (`in`) or from (`out`) members of the group, in the order in which they win. Groups
   * with the same policies have the same array, and the next book has it while none of those rules changes.
   */
  rulesFor(group: GroupId, direction: Direction): readonly BookRule[]
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
  /** Merged rules by direction and policies, made when they are first asked for. */
  readonly merged: Readonly<Record<Direction, Map<string, readonly BookRule[]>>>
  /** What the book before had for those that are to be made anew: most of their order stays. */
  readonly stale: Parts['merged']
}

/** The parts of each book, for the next one. */
const partsOf = new WeakMap<PolicyBook, Parts>()

/** The tenant's book as of now; `before` itself if it says the same. */
export function readBook(view: RegistryView, tenant: string, before?: PolicyBook): PolicyBook {
  const old = before?.tenant === tenant ? partsOf.get(before) : undefined
  const groups = kept(old?.groups, view.objects.groups(tenant), (a, b) => a === b)
  const networks = kept(old?.networks, view.networks(tenant), sameNetwork)
  const names = new Set(groups.flatMap(group => group.policies))
  const rules = new Map([...names].map(name => [name, view.objects.rules(tenant, name)] as const))
  const changed = changedPolicies(old?.rules, rules)
  if (before && old?.groups === groups && old.networks === networks && changed.size === 0) return before
  const merged = { in: new Map(), out: new Map() }
  const stale = { in: new Map(), out: new Map() }
  for (const direction of ['in', 'out'] as const) {
    for (const [text, found] of old?.merged[direction] ?? []) {
      const its = text.split(' ').some(name => changed.has(name)) ? stale : merged
      its[direction].set(text, found)
    }
  }
  return bookOf(tenant, { groups, networks, rules, merged, stale })
}

function bookOf(tenant: string, parts: Parts): PolicyBook {
  const { groups, networks, rules, merged, stale } = parts
  const { byId, names: groupNames } = groupsIndex(groups)
  const { byId: networkById, names: networkNames } = networksIndex(networks)
  const book: PolicyBook = {
    ...{ tenant, groups, networks },
    group: id => byId.get(id),
    network: id => networkById.get(id),
    rulesFor(group, direction) {
      const policies = byId.get(group)?.policies ?? none
      const text = textOf(policies)
      let found = merged[direction].get(text)
      if (!found) {
        const all = policies.flatMap(policy => (rules.get(policy) ?? []).map(rule => bookRule(policy, rule)))
        const its = all.filter(rule => rule.direction === direction)
        found = reordered(its, stale[direction].get(text) ?? [], compareBookRules)
        merged[direction].set(text, found)
      }
      return found
    },
    groupsNamed: (name, action) => groupNames[action].get(name) ?? none,
    networksNamed: (name, action) => networkNames[action].get(name) ?? none,
  }
  partsOf.set(book, parts)
  return book
}

const none: readonly string[] = []

/** The old list if the new one says the same. */
function kept<T>(before: readonly T[] | undefined, now: readonly T[], isSame: (a: T, b: T) => boolean): readonly T[] {
  const same = before?.length === now.length && before.every((item, i) => isSame(item, now[i] as T))
  return same ? before : now
}

/** What an id stands for never changes but for these. */
function sameNetwork(a: Network, b: Network): boolean {
  return a.id === b.id && a.name === b.name && a.givenName === b.givenName && a.status === b.status && a.into === b.into
}

/** Names of policies that have other rules than they had, also those that are no group's any more. */
function changedPolicies(before: Parts['rules'] | undefined, now: Parts['rules']): ReadonlySet<string> {
  const names = new Set([...(before?.keys() ?? []), ...now.keys()])
  return new Set([...names].filter(name => before?.get(name) !== now.get(name)))
}

const texts = new WeakMap<readonly string[], string>()

/** Names have no space. */
function textOf(policies: readonly string[]): string {
  const text = texts.get(policies) ?? policies.join(' ')
  texts.set(policies, text)
  return text
}

/** The same for the same list: most changes are of rules. @param first the name that an item was first to have */
function indexing<T extends Named>(first: (item: T) => string) {
  const made = new WeakMap<readonly T[], { byId: ReadonlyMap<string, T>; names: ReturnType<typeof namesOf> }>()
  return (items: readonly T[]) => {
    const found = made.get(items) ?? { byId: new Map(items.map(item => [item.id, item])), names: namesOf(items, first) }
    made.set(items, found)
    return found
  }
}

const groupsIndex = indexing<Group>(group => group.bornName)
const networksIndex = indexing<Network>(network => network.givenName)

/** Who is meant by a name in an allow and in a deny. */
function namesOf<T extends Named>(items: readonly T[], first: (item: T) => string) {
  const [allow, deny] = [new Map<string, string[]>(), new Map<string, string[]>()]
  const put = (map: Map<string, string[]>, name: string, id: string) => map.set(name, [...(map.get(name) ?? []), id])
  for (const item of items) {
    put(allow, item.name, item.id)
    for (const name of new Set([item.name, first(item)])) put(deny, name, item.id)
  }
  return { allow, deny }
}
