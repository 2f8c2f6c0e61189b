/**
 * Pure: the rules of one list by what they match. An index never changes: the next one is made by what came and went, at the price of
 * that, and shares all else with it.
 */
import { placeIn } from '../lib/order.ts'
import { SharedMap } from '../lib/shared-map.ts'
import { type BookRule, compareBookRules } from './book-rule.ts'
import type { Target, Terms } from './terms.ts'

/** What a rule matches, and where: one of its forms. */
export interface Form extends Terms {
  /** Forms with one part are looked up together, those of another one apart from them. */
  readonly part: string
}

/** A rule with all its forms. */
export interface IndexedRule {
  readonly rule: BookRule
  readonly forms: readonly Form[]
  readonly target: Target
}

/** What becomes of a list of rules. */
export interface ListChange {
  /** All that it has then, in the order in which they win. */
  readonly rules: readonly BookRule[]
  readonly gone: readonly IndexedRule[]
  readonly added: readonly IndexedRule[]
}

export function sameForms(a: readonly Form[], b: readonly Form[]): boolean {
  const same = (one: Form, other: Form | undefined) =>
    one.part === other?.part &&
    one.conditions === other.conditions &&
    one.selector === other.selector &&
    one.key === other.key
  return a.length === b.length && a.every((form, at) => same(form, b[at]))
}

/** Forms that differ in their key alone: one lookup. */
export interface Slot extends Pick<Terms, 'conditions' | 'selector'> {
  /** By key, best first: of rules that match the same, the others can never decide. */
  readonly rules: SharedMap<readonly IndexedRule[]>
  /** By key, what the best one does as an element of a map. */
  readonly verdicts: SharedMap<string>
}

/** By conditions and selector. */
export type Slots = SharedMap<Slot>

/** By part. */
export type RuleIndex = SharedMap<Slots>

export const noRules: RuleIndex = SharedMap.of()

/** A slot that is being changed. */
interface Draft {
  readonly slot: Slot
  /** By key, of those that change. */
  readonly rules: Map<string, IndexedRule[]>
}

/** Without what is gone, then with what was added. @returns the parts that have become others, too */
export function amendIndex(
  index: RuleIndex,
  { gone, added }: Pick<ListChange, 'gone' | 'added'>,
): { index: RuleIndex; parts: readonly string[] } {
  const drafts = new Map<string, Map<string, Draft>>()
  const rulesAt = ({ part, conditions, selector, key }: Form): IndexedRule[] => {
    const name = `${conditions}\n${selector}`
    const slots = entryOf(drafts, part, () => new Map<string, Draft>())
    const draft = entryOf(slots, name, () => {
      return { slot: index.get(part)?.get(name) ?? emptySlot(conditions, selector), rules: new Map() }
    })
    return entryOf(draft.rules, key, () => [...(draft.slot.rules.get(key) ?? [])])
  }
  for (const each of gone) {
    for (const form of each.forms) {
      const rules = rulesAt(form)
      const at = rules.findIndex(({ rule }) => rule === each.rule)
      if (at >= 0) rules.splice(at, 1)
    }
  }
  for (const each of added) {
    for (const form of each.forms) {
      const rules = rulesAt(form)
      rules.splice(placeIn(rules, each, compareIndexed), 0, each)
    }
  }
  const parts = [...drafts].map(([part, slots]) => {
    const changes = [...slots].map(([name, draft]) => [name, slotOf(draft)] as const)
    return [part, nonEmpty((index.get(part) ?? (SharedMap.of() as Slots)).with(changes))] as const
  })
  return { index: index.with(parts), parts: [...drafts.keys()] }
}

function emptySlot(conditions: string, selector: string): Slot {
  return { conditions, selector, rules: SharedMap.of(), verdicts: SharedMap.of() }
}

function slotOf({ slot, rules }: Draft): Slot | undefined {
  const found: Slot = {
    ...slot,
    rules: slot.rules.with([...rules].map(([key, its]) => [key, its.length > 0 ? its : undefined])),
    verdicts: slot.verdicts.with([...rules].map(([key, [best]]) => [key, best?.target.verdict])),
  }
  return found.rules.size > 0 ? found : undefined
}

function nonEmpty(slots: Slots): Slots | undefined {
  return slots.size > 0 ? slots : undefined
}

const compareIndexed = (a: IndexedRule, b: IndexedRule) => compareBookRules(a.rule, b.rule)

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
