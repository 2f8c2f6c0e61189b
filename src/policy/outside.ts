/**
 * Pure: the rules that apply to containers where they meet the outside: published ports, and their way out, over
 * docker_gwbridge. There they have another address, and who is at the other end is nobody's member and in no network, so
 * rules that name a group or network at that end say nothing here.
 *
 * In the host's namespace the marks of packets and connections belong to others, so the first match decides, and no verdict is
 * remembered: each packet is judged, by the tuple of its connection.
 *
 * The rules are a value. While containers and groups are as they were, the next one is made of the last one, at the price of the rules that
 * came and went; it is what would be made of all rules at once.
 */
import { sha256Hex } from '../lib/bytes.ts'
import { amendmentOf } from '../lib/order.ts'
import { SharedMap } from '../lib/shared-map.ts'
import type { Direction, PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { amendOutsideList, emptyOutsideList, inList, isAbout, type OutsideList } from './outside-lists.ts'
import { namesOwn, type OutsideRule, outsideRule } from './outside-rules.ts'
import { type Outlet, type OutsideListScope, type OutsideScope, outsideScopeOf } from './outside-scope.ts'
import type { Chain } from './rule-chains.ts'
import { type IndexedRule, type ListChange, sameForms } from './rule-index.ts'
import { emptyTable, type TableState } from './table-change.ts'
import { TableDraft } from './table-draft.ts'

export interface OutsideRules {
  readonly scope: OutsideScope
  /** By name. */
  readonly lists: ReadonlyMap<string, OutsideList>
  /** In how many lists a rule can be about somebody, by its chain. */
  readonly uses: SharedMap<number>
  /** What is in the table for the rules. */
  readonly table: TableState
  /** Address -> chain that judges what comes to it, and what it sends. */
  readonly receivers: ReadonlyMap<string, string>
  readonly senders: ReadonlyMap<string, string>
  /** Chains for containers that several tenants judge. */
  readonly combined: readonly Chain[]
}

const nothing: OutsideRules = {
  scope: { outlets: [], series: '', groups: new Map(), lists: new Map(), judging: new Map() },
  ...{ lists: new Map(), uses: SharedMap.of(), table: emptyTable },
  ...{ receivers: new Map(), senders: new Map(), combined: [] },
}

/**
 * @param series lists of another one have other names, so that they can stand beside each other. @default ''
 * @param before what it is made of, as far as it is the same. @default all at once
 */
export function compileOutside(
  outlets: readonly Outlet[],
  bookOf: (tenant: string) => PolicyBook,
  series = '',
  before = nothing,
): OutsideRules {
  const scope = outsideScopeOf(outlets, bookOf, series, before.scope)
  const draft = new TableDraft()
  const lists = new Map<string, OutsideList>()
  const uses = new Map<string, number>()
  const used = new Map<string, OutsideRule>()
  for (const name of new Set([...before.scope.lists.keys(), ...scope.lists.keys()])) {
    const [was, is] = [before.scope.lists.get(name), scope.lists.get(name)]
    const known = before.lists.get(name) ?? emptyOutsideList
    const change = changeOf(known.rules, was, is, is ? bookOf(is.tenant).rulesOf(is.policies, is.direction) : [])
    const list = amendOutsideList(name, known, change, draft)
    if (is) lists.set(name, list)
    const count = (by: number) => (meant: OutsideRule) => {
      uses.set(meant.chain.name, (uses.get(meant.chain.name) ?? before.uses.get(meant.chain.name) ?? 0) + by)
      used.set(meant.chain.name, meant)
    }
    meantBy(was, change.gone).forEach(count(-1))
    meantBy(is, change.added).forEach(count(1))
  }
  for (const [name, { chain, counter }] of used) {
    if (uses.get(name) === 0) draft.takeOutRule(name, counter)
    else draft.putInRule(chain, counter)
  }
  const [receivers, senders] = [ledTo(scope, lists, 'in'), ledTo(scope, lists, 'out')]
  const combined = [...receivers.combined, ...senders.combined]
  draft.takeOut({ chains: before.combined, lookups: [] })
  draft.putIn({ chains: combined, lookups: [] })
  return {
    ...{ scope, lists, combined, receivers: receivers.chains, senders: senders.chains },
    uses: before.uses.with([...uses].map(([name, n]) => [name, n === 0 ? undefined : n])),
    table: draft.on(before.table),
  }
}

/** Of a list that is of other containers now, also the rules that are about some of them alone. */
function changeOf(
  before: readonly BookRule[],
  was: OutsideListScope | undefined,
  is: OutsideListScope | undefined,
  rules: readonly BookRule[],
): ListChange {
  const { gone, added } = amendmentOf(before, rules)
  const within = (list: OutsideListScope | undefined, its: readonly BookRule[]) =>
    list ? its.map(rule => inList(list, rule)) : []
  const isFresh = new Set(added)
  const isOther = (rule: BookRule) =>
    was !== undefined &&
    is !== undefined &&
    namesOwn(is.tenant, rule) &&
    !isFresh.has(rule) &&
    !sameForms(inList(was, rule).forms, inList(is, rule).forms)
  const others = was === is ? [] : rules.filter(isOther)
  return { rules, gone: within(was, [...gone, ...others]), added: within(is, [...added, ...others]) }
}

/** Those that can be about somebody. */
function meantBy(list: OutsideListScope | undefined, rules: readonly IndexedRule[]): OutsideRule[] {
  return list ? rules.flatMap(({ rule, forms }) => (forms.length > 0 ? outsideRule(list.tenant, rule) : [])) : []
}

/** The chain of each container that has one. */
function ledTo({ judging }: OutsideScope, lists: ReadonlyMap<string, OutsideList>, direction: Direction) {
  const chains = new Map<string, string>()
  const combined: Chain[] = []
  for (const [address, by] of judging) {
    const names = by[direction].filter(name => isAbout(lists.get(name) ?? emptyOutsideList, address))
    const [only, another] = names
    if (only === undefined) continue
    if (another === undefined) {
      chains.set(address, only)
      continue
    }
    // each tenant judges for itself: what either denies is denied
    const name = `c_${sha256Hex(names.join(' ')).slice(0, 16)}`
    combined.push({ name, lines: names.map(list => `jump ${list}`) })
    chains.set(address, name)
  }
  return { chains, combined }
}
