/**
 * Pure: the numbers by which the kernel knows rules. They rise in the order in which rules win, and are far apart: a rule more
 * takes one between those of its neighbours, and nothing else changes.
 */
import { reordered } from '../lib/order.ts'
import { type BookRule, compareBookRules } from './book-rule.ts'

export type Marks = ReadonlyMap<BookRule, number>

/** A mark is twice its slot, plus the verdict; the kernel's is of 32 bits, and its highest means that no rule matched. */
const slotLimit = 2 ** 31 - 1
/** A new rule's distance from the one before it, so that many more can come after it. */
const usualStep = 4_096

/** Of the rules that match a flow, at either end, that with the lowest mark decides. @param before earlier marks, kept where they can be */
export function marksOf(rules: readonly BookRule[], before: Marks): Marks {
  const ordered = reordered(rules, [...before.keys()], compareBookRules) // marks are in order themselves
  const slots = ordered.map(rule => Math.floor((before.get(rule) ?? 0) / 2))
  const isFirst = !slots.some(slot => slot > 0)
  for (let at = 0; at < slots.length; ) {
    if (slots[at]) {
      at++
      continue
    }
    const next = slots.findIndex((slot, other) => other > at && slot > 0)
    const end = next === -1 ? slots.length : next
    const low = slots[at - 1] ?? 0
    const room = Math.floor(((slots[end] ?? slotLimit) - low) / (end - at + 1))
    if (room < 1) return marksOf(ordered, new Map())
    const step = isFirst ? room : Math.min(room, usualStep)
    for (let n = 1; at < end; at++, n++) slots[at] = low + n * step
  }
  const marks = new Map<BookRule, number>()
  for (const [at, rule] of ordered.entries()) marks.set(rule, 2 * (slots[at] ?? 0) + (rule.rank & 1))
  return marks
}
