/**
 * Pure: the rules of a host's groups as chains. A chain belongs to a *list*, the policies that a group has and a direction: a thousand
 * groups with one policy have one. A list is a value: the next one is made of the last one and of the rules that came and went.
 */
import { SharedMap } from '../lib/shared-map.ts'
import type { BookRule } from './book-rule.ts'
import { chainsOf } from './rule-chains.ts'
import { amendIndex, type ListChange, noRules, type RuleIndex } from './rule-index.ts'
import type { ListScope } from './scope.ts'
import type { TableDraft, Written } from './table-draft.ts'
import { ends } from './terms.ts'

export interface List {
  readonly rules: readonly BookRule[]
  /** In parts by the group that they name. */
  readonly index: RuleIndex
  /** What each part is in the table. */
  readonly written: SharedMap<Written>
}

export const emptyList: List = { rules: [], index: noRules, written: SharedMap.of() }

/** Also says what becomes different in the table. */
export function amendList(scope: ListScope, before: List, { rules, gone, added }: ListChange, draft: TableDraft): List {
  const { index, parts } = amendIndex(before.index, { gone, added })
  const now = { rules, index }
  const isOther = namesGroups(before) !== namesGroups(now) || isLoaded(before) !== isLoaded(now)
  const written = [...new Set([...parts, ...(isOther ? [''] : [])])].map(part => {
    return [part, writtenOf(scope, now, part)] as const
  })
  for (const [part, its] of written) {
    draft.takeOut(before.written.get(part))
    draft.putIn(its)
  }
  return { ...now, written: before.written.with(written) }
}

/** What a part is in the table; undefined for nothing. */
function writtenOf(
  { name, direction, family }: ListScope,
  list: Omit<List, 'written'>,
  part: string,
): Written | undefined {
  const slots = list.index.get(part)
  if (part !== '') return slots && chainsOf(chainNaming(name, part), slots)
  if (!isLoaded(list)) return undefined
  const { chains, lookups } = chainsOf(name, slots ?? SharedMap.of())
  if (!namesGroups(list)) return { chains, lookups }
  // one lookup leads to the rules that name the sender's group, or the receiver's, however many groups they name
  const line = `ct zone . ${ends[family][direction]} vmap @${mapNaming(name)}`
  return {
    chains: chains.map(chain => (chain.name === name ? { name, lines: [...chain.lines, line] } : chain)),
    lookups,
  }
}

/** Lists without rules are no chain. */
export function isLoaded({ rules }: Pick<List, 'rules'>): boolean {
  return rules.length > 0
}

export function namesGroups({ index }: Pick<List, 'index'>): boolean {
  return index.size > Number(index.has(''))
}

/** Of the chain with the rules that name a group. */
export function chainNaming(list: string, group: string): string {
  return `${list}_g${group.slice(0, 16)}`
}

/** Of the map of a list, from the addresses of groups that its rules name to their chains. */
export function mapNaming(list: string): string {
  return `${list}_groups`
}
