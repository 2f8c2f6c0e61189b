/**
 * What one tenant's groups, policies and rules say, in the form in which they are asked. A book is a value: `readBook`
 * makes the next one out of the records and the last one, of which it keeps whatever is as it was.
 */
import type { Group, Rule } from '../crdt/objects-view.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
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
  /** Merged rules by policies and direction, made when they are first asked for. */
  readonly merged: Map<string, readonly BookRule[]>
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
  const merged = new Map([...(old?.merged ?? [])].filter(([key]) => !policiesOf(key).some(name => changed.has(name))))
  return bookOf(tenant, { groups, networks, rules, merged })
}

function bookOf(tenant: string, parts: Parts): PolicyBook {
  const { groups, networks, rules, merged } = parts
  const [byId, networkById] = [indexed(groups), indexed(networks)]
  const groupNames = namesOf(groups, group => group.bornName)
  const networkNames = namesOf(networks, network => network.givenName)
  const book: PolicyBook = {
    ...{ tenant, groups, networks },
    group: id => byId.get(id),
    network: id => networkById.get(id),
    rulesFor(group, direction) {
      const policies = byId.get(group)?.policies ?? []
      const key = mergedKey(policies, direction)
      let found = merged.get(key)
      if (!found) {
        const all = policies.flatMap(policy => (rules.get(policy) ?? []).map(rule => bookRule(policy, rule)))
        found = all.filter(rule => rule.value.direction === direction).sort(compareBookRules)
        merged.set(key, found)
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

/** Names have no space. */
function mergedKey(policies: readonly string[], direction: Direction): string {
  return [direction, ...policies].join(' ')
}

function policiesOf(key: string): string[] {
  return key.split(' ').slice(1)
}

function indexed<T extends Named>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map(item => [item.id, item]))
}

/** Who is meant by a name in an allow and in a deny; `first` gives the name that it was first to have. */
function namesOf<T extends Named>(items: readonly T[], first: (item: T) => string) {
  const [allow, deny] = [new Map<string, string[]>(), new Map<string, string[]>()]
  const put = (map: Map<string, string[]>, name: string, id: string) => map.set(name, [...(map.get(name) ?? []), id])
  for (const item of items) {
    put(allow, item.name, item.id)
    for (const name of new Set([item.name, first(item)])) put(deny, name, item.id)
  }
  return { allow, deny }
}
