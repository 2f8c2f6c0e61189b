/** Pure: what the kernel holds of a rule, whatever the others are. */
import { sha256Hex } from '../lib/bytes.ts'
import type { BookRule } from './book-rule.ts'
import type { Chain } from './rule-chains.ts'
import type { Target } from './terms.ts'

export interface Lowering {
  readonly mark: number
  /** Lowers the packet's mark to the rule's. */
  readonly target: Target
  /** The same for maps, whose elements can only jump. */
  readonly chain: Chain
  /** Name of its counter. */
  readonly counter: string
  /** The element by which the mark leads to it, as nft lists it. */
  readonly counting: readonly [key: string, value: string]
}

/** The counter of a rule: the same for as long as it is the same rule. */
export function counterName(policy: string, id: string, hash: string): string {
  return `r_${sha256Hex(`${policy} ${id} ${hash}`).slice(0, 24)}`
}

const known = new WeakMap<BookRule, Lowering>()

/** The same object for the same rule and mark. */
export function loweringOf(rule: BookRule, mark: number): Lowering {
  const before = known.get(rule)
  if (before?.mark === mark) return before
  const name = `m_${mark}`
  const statement = `meta mark > ${mark} meta mark set ${mark}`
  const counter = before?.counter ?? counterName(rule.policy, rule.id, rule.hash)
  const found: Lowering = {
    mark,
    target: { statement, verdict: `jump ${name}` },
    chain: { name, lines: [statement] },
    counter,
    counting: [`0x${mark.toString(16).padStart(8, '0')}`, `"${counter}"`],
  }
  known.set(rule, found)
  return found
}
