/**
 * Pure: the numbers by which the kernel knows rules. They rise in the order in which rules win, and are far apart: a rule more
 * takes one between those of its neighbours, and nothing else changes.
 */
import { type Amendment, amended, placeIn } from '../lib/order.ts'
import { type BookRule, compareBookRules } from './book-rule.ts'

/** A mark is twice its slot, plus the verdict; the kernel's is of 32 bits, and its highest means that no rule matched. */
const slotLimit = 2 ** 31 - 1
/** A new rule's distance from the one before it, so that many more can come after it. */
const usualStep = 4_096

/** A value. Of the rules that match a flow, at either end, that with the lowest mark decides. */
export class Marks {
  static readonly none = new Marks([], [])

  /** As they win. */
  readonly rules: readonly BookRule[]
  /** Of each of them; they rise. */
  readonly #slots: readonly number[]

  private constructor(rules: readonly BookRule[], slots: readonly number[]) {
    this.rules = rules
    this.#slots = slots
  }

  get(rule: BookRule): number | undefined {
    const at = placeIn(this.rules, rule, compareBookRules) - 1
    return this.rules[at] === rule ? this.#markAt(at) : undefined
  }

  *values(): Iterable<number> {
    for (const at of this.rules.keys()) yield this.#markAt(at)
  }

  /** @returns whether there was no room left, so that rules that stay have other marks now, too */
  amended({ gone, added }: Amendment<BookRule>): { marks: Marks; isAnew: boolean } {
    const [rules, slots] = [this.rules.slice(), this.#slots.slice()]
    if (gone.length === rules.length) return { marks: Marks.#spread(added), isAnew: false }
    for (const rule of gone) {
      const at = placeIn(rules, rule, compareBookRules) - 1
      if (rules[at] !== rule) continue
      rules.splice(at, 1)
      slots.splice(at, 1)
    }
    for (const rule of added) {
      const at = placeIn(rules, rule, compareBookRules)
      const low = slots[at - 1] ?? 0
      const step = Math.min(Math.floor(((slots[at] ?? slotLimit) - low) / 2), usualStep)
      if (step < 1)
        return { marks: Marks.#spread(amended(this.rules, { gone, added }, compareBookRules)), isAnew: true }
      rules.splice(at, 0, rule)
      slots.splice(at, 0, low + step)
    }
    return { marks: new Marks(rules, slots), isAnew: false }
  }

  static #spread(rules: readonly BookRule[]): Marks {
    const ordered = [...rules].sort(compareBookRules)
    const step = Math.floor(slotLimit / (ordered.length + 1))
    return new Marks(
      ordered,
      ordered.map((_, at) => (at + 1) * step),
    )
  }

  #markAt(at: number): number {
    return 2 * (this.#slots[at] ?? 0) + ((this.rules[at]?.rank ?? 0) & 1)
  }
}
