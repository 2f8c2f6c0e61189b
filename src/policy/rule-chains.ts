/**
 * Pure: the chains that find the first rule that matches a flow. Rules that differ in address, protocol and port alone are
 * one lookup in a map, however many they are; only those with a network, a range or a group of their own add to the length.
 * Such a map has a name of its own, so that one rule more or less is one element and not the map anew.
 */
import { sha256Hex } from '../lib/bytes.ts'
import type { Slot, Slots } from './rule-index.ts'

export interface Chain {
  readonly name: string
  /** Statements. */
  readonly lines: readonly string[]
}

/** A map of many rules, from what they match to what they do. */
export interface Lookup {
  readonly name: string
  readonly selector: string
  readonly elements: ReadonlyMap<string, string>
}

/** The chain `name`, and those that it leads to. */
export function chainsOf(name: string, slots: Slots): { chains: Chain[]; lookups: Lookup[] } {
  const chains: Chain[] = []
  const lookups: Lookup[] = []
  const lines: string[] = []
  for (const { conditions, part, lines: found } of partsOf(name, slots, lookups)) {
    if (conditions === '') lines.push(...found)
    else if (found.length === 1) lines.push(`${conditions} ${found[0]}`)
    else {
      chains.push({ name: part, lines: found })
      lines.push(`${conditions} jump ${part}`)
    }
  }
  return { chains: [...chains, { name, lines }], lookups }
}

/** The same without further chains: each line has its conditions in front, and the first that matches decides if each target is left for good. */
export function linesOf(name: string, slots: Slots): { lines: string[]; lookups: Lookup[] } {
  const lookups: Lookup[] = []
  const lines = partsOf(name, slots, lookups).flatMap(({ conditions, lines: found }) =>
    found.map(line => (conditions === '' ? line : `${conditions} ${line}`)),
  )
  return { lines, lookups }
}

interface Part {
  readonly conditions: string
  /** Name of its own, which stays whatever other parts there are. */
  readonly part: string
  readonly lines: readonly string[]
}

/** Slots by their conditions, in an order of their own: so it is the same however the slots came to be. */
function partsOf(name: string, slots: Slots, lookups: Lookup[]): Part[] {
  const parts = new Map<string, Slot[]>()
  for (const [, slot] of [...slots].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const its = parts.get(slot.conditions)
    if (its) its.push(slot)
    else parts.set(slot.conditions, [slot])
  }
  return [...parts].map(([conditions, its]) => {
    const isAlone = its.length === 1 && its[0]?.rules.size === 1
    const part = conditions === '' || isAlone ? name : `${name}_${sha256Hex(conditions).slice(0, 12)}`
    return { conditions, part, lines: its.map(slot => lineOf(part, slot, lookups)) }
  })
}

/** One statement for each combination of fields that the rules give. */
function lineOf(part: string, { selector, rules, verdicts }: Slot, lookups: Lookup[]): string {
  if (rules.size === 1) {
    const [[key, [best]] = ['', []]] = rules
    return aloneText(selector, key, best?.target.statement ?? '')
  }
  const name = `${part}_${fieldNames(selector)}`
  lookups.push({ name, selector, elements: verdicts })
  return `${selector} vmap @${name}`
}

/** A selector in a name: a letter for each of its fields. */
function fieldNames(selector: string): string {
  return selector
    .split(' . ')
    .map(words => fields[words as keyof typeof fields] ?? 'a')
    .join('')
}

const fields = { 'ct protocol': 'p', 'ct reply proto-src': 'd' } as const

function aloneText(selector: string, key: string, statement: string): string {
  if (selector === '') return statement
  const values = key.split(' . ')
  const tests = selector.split(' . ').map((words, at) => `${words} ${values[at]}`)
  return `${tests.join(' ')} ${statement}`
}
