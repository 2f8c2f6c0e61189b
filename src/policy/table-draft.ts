/** What is to become different in a table: so the next state is made at the price of that, and shares the rest with the one before. */
import { SharedMap } from '../lib/shared-map.ts'
import type { Chain, Lookup } from './rule-chains.ts'
import type { TableState } from './table-change.ts'

/** A share of a table. */
export interface Written {
  readonly chains: readonly Chain[]
  readonly lookups: readonly Lookup[]
}

const nothing: Written = { chains: [], lookups: [] }

type Changes<V> = Map<string, V | undefined>

export class TableDraft {
  readonly #chains: Changes<readonly string[]> = new Map()
  readonly #maps: Changes<string> = new Map()
  readonly #counters: Changes<''> = new Map()
  readonly #elements: Changes<ReadonlyMap<string, string>> = new Map()

  /** What is put in again afterwards stays. */
  takeOut({ chains, lookups }: Written = nothing): void {
    for (const { name } of chains) this.#chains.set(name, undefined)
    for (const { name } of lookups) {
      this.#maps.set(name, undefined)
      this.#elements.set(name, undefined)
    }
  }

  putIn({ chains, lookups }: Written = nothing): void {
    for (const { name, lines } of chains) this.#chains.set(name, lines)
    for (const { name, selector, elements } of lookups) {
      this.#maps.set(name, verdictMap(selector))
      this.#elements.set(name, elements)
    }
  }

  takeOutRule(chain: string, counter: string): void {
    this.#chains.set(chain, undefined)
    this.#counters.set(counter, undefined)
  }

  putInRule({ name, lines }: Chain, counter: string): void {
    this.#chains.set(name, lines)
    this.#counters.set(counter, '')
  }

  setElements(name: string, elements: ReadonlyMap<string, string>): void {
    this.#elements.set(name, elements)
  }

  on({ chains, maps, counters, elements }: TableState): TableState {
    return {
      chains: SharedMap.of(chains).with(this.#chains),
      maps: SharedMap.of(maps).with(this.#maps),
      counters: SharedMap.of(counters).with(this.#counters),
      elements: SharedMap.of(elements).with(this.#elements),
    }
  }
}

export function verdictMap(selector: string): string {
  return `map { typeof ${selector} : verdict; }`
}
