/**
 * Pure: what a tenant's policies are in the kernel of one host, apart from who is in which group (placements.ts). Loaded are
 * the groups of the networks that have a bridge on the host, with all their members: receiver and sender judge alike.
 *
 * A ruleset is a value. While groups and networks are as they were, the next one is made of the last one, at the price of the rules that
 * came and went; it is what would be made of all rules at once.
 */
import { type Amendment, amendmentOf } from '../lib/order.ts'
import { SharedMap } from '../lib/shared-map.ts'
import type { PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { formsOf, namesOthers } from './forms.ts'
import { type Leads, leadsOf } from './leads.ts'
import { amendList, emptyList, type List } from './lists.ts'
import { loweringOf } from './lowering.ts'
import { Marks } from './marks.ts'
import { type IndexedRule, type ListChange, sameForms } from './rule-index.ts'
import { type Domain, type ListScope, type Scope, scopeOf } from './scope.ts'
import { emptyTable, type TableState } from './table-change.ts'
import { TableDraft } from './table-draft.ts'

export interface Ruleset {
  readonly scope: Scope
  /** What it was made of. */
  readonly book: PolicyBook
  /** By name. */
  readonly lists: ReadonlyMap<string, List>
  /** Of the rules of all lists. */
  readonly marks: Marks
  /** What leads to its chains. */
  readonly leads: Leads
  /** What is in the table for its rules. The elements of the map `counters` lead from the mark, which says which rule decided, to its counter. */
  readonly table: TableState
}

/** How the rules of a list differ from those that it had. */
interface ListAmendment extends Amendment<BookRule> {
  readonly list: ListScope
  readonly rules: readonly BookRule[]
}

/** @param before what it is made of, as far as it is the same; itself if nothing differs */
export function compile(book: PolicyBook, domains: readonly Domain[], before?: Ruleset): Ruleset {
  if (!before) return compileAtOnce(book, domains)
  const scope = scopeOf(book, domains, before.scope)
  const amendments = amendmentsOf(book, scope, before.lists)
  const isSame = scope === before.scope
  // who has a policy has all its rules: so while the lists are the same ones, what is gone from one of them is in no other
  const all = isSame ? together(amendments) : amendmentOf(before.marks.rules, allRules(amendments))
  if (isSame && all.gone.length + all.added.length === 0) return before
  const { marks, isAnew } = before.marks.amended(all)
  return isAnew
    ? compileAtOnce(book, domains, marks)
    : amendRuleset({ ...before, scope, book, marks }, before, amendments, all)
}

/** All at once. @param before marks that rules had, which they keep */
export function compileAtOnce(book: PolicyBook, domains: readonly Domain[], before = Marks.none): Ruleset {
  const scope = scopeOf(book, domains)
  const amendments = amendmentsOf(book, scope, new Map())
  const rules = allRules(amendments)
  const { marks } = before.amended(amendmentOf(before.rules, rules))
  const empty = { scope, book, lists: new Map(), marks, leads: leadsOf(scope, new Map()), table: emptyTable }
  return amendRuleset(empty, empty, amendments, { gone: [], added: rules })
}

function amendmentsOf(book: PolicyBook, scope: Scope, lists: Ruleset['lists']): ListAmendment[] {
  return scope.lists.map(list => {
    const rules = book.rulesOf(list.policies, list.direction)
    return { list, rules, ...amendmentOf((lists.get(list.name) ?? emptyList).rules, rules) }
  })
}

function together(amendments: readonly Amendment<BookRule>[]): Amendment<BookRule> {
  const each = (of: (amendment: Amendment<BookRule>) => readonly BookRule[]) => [...new Set(amendments.flatMap(of))]
  return { gone: each(({ gone }) => gone), added: each(({ added }) => added) }
}

function allRules(amendments: readonly ListAmendment[]): BookRule[] {
  return [...new Set(amendments.flatMap(({ rules }) => rules))]
}

/**
 * @param now book, scope and marks as they are; all else is made of `before`
 * @param all rules that are in no list any more, and in some list now
 */
function amendRuleset(
  now: Ruleset,
  before: Ruleset,
  amendments: readonly ListAmendment[],
  all: Amendment<BookRule>,
): Ruleset {
  const { scope, marks } = now
  const draft = new TableDraft()
  const wasLowered = all.gone.map(rule => loweringOf(rule, before.marks.get(rule) ?? 0))
  const lowered = all.added.map(rule => loweringOf(rule, marks.get(rule) ?? 0))
  for (const { chain, counter } of wasLowered) draft.takeOutRule(chain.name, counter)
  for (const { chain, counter } of lowered) draft.putInRule(chain, counter)
  const counting = [
    ...wasLowered.map(({ counting: [mark] }) => [mark, undefined] as const),
    ...lowered.map(its => its.counting),
  ]
  draft.setElements('counters', SharedMap.of(before.table.elements.get('counters')).with(counting))
  const lists = new Map<string, List>()
  for (const amendment of amendments) {
    const { name } = amendment.list
    const known = before.lists.get(name) ?? emptyList
    lists.set(name, amendList(amendment.list, known, listChange(now, before, amendment), draft))
  }
  for (const [name, { written }] of before.lists) {
    if (!lists.has(name)) for (const its of written.values()) draft.takeOut(its)
  }
  const leads = leadsOf(scope, lists, scope === before.scope ? before : undefined)
  return { ...now, lists, leads, table: draft.on(before.table) }
}

/** Also of rules that stay and mean others now. */
function listChange(now: Ruleset, before: Ruleset, { list, rules, gone, added }: ListAmendment): ListChange {
  const formsIn = ({ book, scope }: Ruleset, rule: BookRule) => formsOf(book, scope, rule, list.family)
  const indexed = (its: Ruleset, some: readonly BookRule[]) =>
    some.map((rule): IndexedRule => {
      const { target } = loweringOf(rule, its.marks.get(rule) ?? 0)
      return { rule, forms: formsIn(its, rule), target }
    })
  const isFresh = new Set(added)
  const others = (now.scope === before.scope ? [] : rules).filter(
    rule => namesOthers(rule) && !isFresh.has(rule) && !sameForms(formsIn(before, rule), formsIn(now, rule)),
  )
  return { rules, gone: indexed(before, [...gone, ...others]), added: indexed(now, [...added, ...others]) }
}
