/** What the kernel makes of nft's commands for one table: as strict as it is about what is there and what still leads to it. */
import assert from 'node:assert/strict'

export class Table {
  readonly maps = new Map<string, string>()
  readonly counters = new Set<string>()
  readonly chains = new Map<string, string[]>()
  readonly elements = new Map<string, Map<string, string>>()

  /** A transaction. */
  run(commands: readonly string[]): void {
    for (const command of commands) this.#carryOut(command)
    const jumps = [...this.chains.values()].flat().concat([...this.elements.values()].flatMap(map => [...map.values()]))
    for (const text of jumps) this.#checkUses(text)
  }

  /** All that there is, in a form that can be compared. */
  state() {
    const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      maps: sorted(this.maps),
      counters: [...this.counters].sort(),
      chains: sorted(this.chains),
      elements: sorted(new Map([...this.elements].map(([name, elements]) => [name, sorted(elements)]))),
    }
  }

  #carryOut(command: string): void {
    const [, verb, kind, name = '', rest = ''] =
      /^(\w+) (\w+) inet \w+(?: (\w+))?(?: (.*))?$/.exec(command) ?? assert.fail(command)
    const what = `${verb} ${kind}`
    if (what === 'add table') return
    if (what === 'delete table') {
      for (const part of [this.maps, this.counters, this.chains, this.elements]) part.clear()
    } else if (what === 'add map' || what === 'add set') {
      assert.ok(!this.maps.has(name), command)
      this.maps.set(name, rest)
      this.elements.set(name, new Map())
    } else if (what === 'add counter') {
      assert.ok(!this.counters.has(name), command)
      this.counters.add(name)
    } else if (what === 'add chain') {
      assert.ok(!this.chains.has(name), command)
      this.chains.set(name, rest === '' ? [] : [rest])
    } else if (what === 'flush chain') {
      this.chains.set(
        name,
        this.#chain(name, command).filter(line => line.startsWith('{ type ')),
      )
    } else if (what === 'add rule') {
      this.#checkUses(rest)
      this.#chain(name, command).push(rest)
    } else if (what === 'add element' || what === 'delete element') {
      this.#changeElements(name, rest, verb === 'add', command)
    } else if (what === 'delete chain') {
      assert.deepEqual(this.#chain(name, command), [], command)
      assert.ok(!this.#isUsed(new RegExp(`(jump|goto) ${name}$`)), `busy: ${command}`)
      this.chains.delete(name)
    } else if (what === 'delete map') {
      assert.ok(this.maps.delete(name), command)
      assert.ok(!this.#isUsed(new RegExp(`@${name}$`)), `busy: ${command}`)
      this.elements.delete(name)
    } else if (what === 'delete counter') {
      assert.ok(this.counters.delete(name), command)
      assert.ok(!this.#isUsed(new RegExp(`"${name}"`)), `busy: ${command}`)
    } else assert.fail(command)
  }

  #chain(name: string, command: string): string[] {
    return this.chains.get(name) ?? assert.fail(command)
  }

  #changeElements(name: string, rest: string, isAdded: boolean, command: string): void {
    const elements = this.elements.get(name) ?? assert.fail(command)
    for (const text of rest.slice(2, -2).split(', ')) {
      const [key = '', value = ''] = text.split(' : ')
      if (isAdded) {
        assert.ok(!elements.has(key), `${key} is there: ${command}`)
        this.#checkUses(value)
        elements.set(key, value)
      } else {
        assert.equal(elements.get(key), value, command)
        elements.delete(key)
      }
    }
  }

  #checkUses(text: string): void {
    const [, chain] = /(?:jump|goto) (\w+)$/.exec(text) ?? []
    if (chain !== undefined) assert.ok(this.chains.has(chain), text)
    const [, map] = /@(\w+)$/.exec(text) ?? []
    if (map !== undefined) assert.ok(this.maps.has(map), text)
    const [, counter] = /^"(\w+)"$/.exec(text) ?? []
    if (counter !== undefined) assert.ok(this.counters.has(counter), text)
  }

  #isUsed(pattern: RegExp): boolean {
    const lines = [...this.chains.values()].flat()
    const values = [...this.elements.values()].flatMap(elements => [...elements.values()])
    return [...lines, ...values].some(text => pattern.test(text))
  }
}
