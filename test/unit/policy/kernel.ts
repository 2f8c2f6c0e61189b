/** What the kernel does with the compiled rules, statement by statement. */
import assert from 'node:assert/strict'
import { type Address, formatAddress, isWithin, parseAddressMatch } from '../../../src/model/address-match.ts'
import type { Elements, Flow, TableState } from '../../../src/policy/index.ts'

/** The tuple of a connection, in nft's words. */
export type Tuple = ReadonlyMap<string, Address>

export function tupleOf(zone: number, { src, dst, protocol, port }: Flow): Tuple {
  const ip = typeof src.ip === 'bigint' ? 'ip6' : 'ip'
  return new Map<string, Address>([
    ['ct zone', zone],
    [`ct original ${ip} saddr`, src.ip],
    [`ct reply ${ip} saddr`, dst.ip],
    ['ct protocol', protocol],
    ['ct reply proto-src', port],
  ])
}

const words = /^(?:ct zone|ct original ip6? saddr|ct reply ip6? saddr|ct protocol|ct reply proto-src)/

/** The mark that a chain leaves, as the kernel comes to it, statement by statement. */
export class Kernel {
  mark = 0xffffffff
  /** Statements that it came to. */
  steps = 0
  readonly #chains: TableState['chains']
  readonly #elements: Elements
  readonly #tuple: Tuple

  constructor(chains: TableState['chains'], elements: Elements, tuple: Tuple) {
    this.#chains = chains
    this.#elements = elements
    this.#tuple = tuple
  }

  /** A statement; what does not fit ends it. */
  run(line: string): void {
    this.steps++
    let rest = line
    for (let found = words.exec(rest); found; found = words.exec(rest)) {
      const selector = [found[0]]
      rest = rest.slice(found[0].length)
      while (rest.startsWith(' . ')) {
        const next = words.exec(rest.slice(3))?.[0] ?? assert.fail(line)
        selector.push(next)
        rest = rest.slice(3 + next.length)
      }
      if (rest.startsWith(' vmap ')) {
        this.#lookUp(selector, rest.slice(' vmap '.length))
        return
      }
      assert.equal(selector.length, 1, line)
      const value = /^ ([\da-f.:/-]+) ?/.exec(rest)
      assert.ok(value, line)
      if (!this.#fits(found[0], value[1] as string)) return
      rest = rest.slice(value[0].length)
    }
    this.#act(rest)
  }

  #fits(word: string, said: string): boolean {
    const value = this.#tuple.get(word)
    if (value === undefined) return false // of the other family
    return word.endsWith('saddr') ? isWithin(parseAddressMatch('', said), value) : value === Number(said)
  }

  #lookUp(selector: readonly string[], map: string): void {
    const values = selector.map(word => this.#tuple.get(word))
    if (values.includes(undefined)) return
    const key = values
      .map((value, at) => (selector[at]?.endsWith('saddr') ? formatAddress(value as Address) : String(value)))
      .join(' . ')
    const elements = this.#elements.get(map.slice(1)) ?? assert.fail(map)
    const action = elements.get(key)
    if (action !== undefined) this.#act(action)
  }

  #act(action: string): void {
    const [, chain] = /^jump (\w+)$/.exec(action) ?? []
    if (chain !== undefined) {
      const lines = this.#chains.get(chain)
      assert.ok(lines, action)
      for (const line of lines) this.run(line)
      return
    }
    const [, above, mark] = /^meta mark > (\d+) meta mark set (\d+)$/.exec(action) ?? assert.fail(action)
    if (this.mark > Number(above)) this.mark = Number(mark)
  }
}
