import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { type Command, diffEntries } from '../../../src/datapath/diff.ts'
import { type Entries, entryKeys, hasEntry, noEntries } from '../../../src/datapath/entries.ts'

const target = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(501, 777))
  .map(([host, vni]) => `192.168.2.${host} ${vni}`)
const number = fc.integer({ min: 1, max: 6 })
const entries: fc.Arbitrary<Entries> = fc.record(
  {
    unicast: fc
      .array(
        fc.tuple(
          number.map(n => `02:02:0a:01:01:0${n}`),
          target,
        ),
      )
      .map(all => new Map(all)),
    neighbours: fc
      .array(
        fc.tuple(
          number.map(n => `10.1.1.${n}`),
          number.map(n => `02:02:0a:01:01:0${n}`),
        ),
      )
      .map(all => new Map(all)),
    flood: fc.uniqueArray(target).map(all => new Set(all)),
  },
  { noNullPrototype: true },
)
const never = () => false

/** What the kernel does with each kind of line, as test/lab/datapath observes it. */
function carryOut(actual: Entries, commands: readonly Command[]): Entries {
  const unicast = new Map(actual.unicast)
  const neighbours = new Map(actual.neighbours)
  const flood = new Set(actual.flood)
  for (const { line } of commands) {
    const word = line.split(' ')
    const name = word[2] ?? ''
    const dst = `${word[word.indexOf('dst') + 1]} ${word[word.indexOf('vni') + 1]}`
    const verb = `${word[0]} ${word[1]}`
    if (verb === 'fdb append') flood.add(dst)
    else if (verb === 'fdb del' && word.includes('dst')) assert.ok(flood.delete(dst), line)
    else if (verb === 'fdb replace') unicast.set(name, dst)
    else if (verb === 'fdb del') unicast.delete(name)
    else if (verb === 'neigh replace') neighbours.set(name, word[4] ?? '')
    else if (verb === 'neigh del') assert.ok(neighbours.delete(name), `a failing delete would end the child: ${line}`)
    else assert.fail(line)
  }
  return { unicast, neighbours, flood }
}

describe('datapath diff', () => {
  it('turns any entries into any others', () => {
    fc.assert(
      fc.property(entries, entries, (desired, actual) => {
        const { bridge, ip, result } = diffEntries('skx1', desired, actual, never)
        assert.deepEqual(carryOut(actual, [...bridge, ...ip]), desired)
        assert.deepEqual(result, desired)
      }),
    )
  })

  it('is empty exactly when they are equal', () => {
    fc.assert(
      fc.property(entries, entries, (desired, actual) => {
        assert.equal(diffEntries('skx1', desired, desired, never).count, 0)
        const { bridge, ip, count } = diffEntries('skx1', desired, actual, never)
        assert.equal(bridge.length + ip.length === 0, count === 0)
        if (count === 0) assert.deepEqual(new Set(entryKeys(actual)), new Set(entryKeys(desired)))
      }),
    )
  })

  it('I5: leaves what must be kept, and only that, besides the desired', () => {
    fc.assert(
      fc.property(entries, entries, fc.func(fc.boolean()), (desired, actual, keep) => {
        const { bridge, ip, result } = diffEntries('skx1', desired, actual, keep)
        assert.deepEqual(carryOut(actual, [...bridge, ...ip]), result)
        for (const key of entryKeys(result)) assert.ok(hasEntry(desired, key) || keep(key))
        for (const key of entryKeys(actual)) assert.equal(hasEntry(result, key), hasEntry(desired, key) || keep(key))
      }),
    )
  })

  it('writes the lines that the kernel wants: replace for unicast, append and del with the VNI for flood', () => {
    const desired = {
      unicast: new Map([['02:02:0a:01:01:15', '192.168.2.2 777']]),
      neighbours: new Map([['10.1.1.21', '02:02:0a:01:01:15']]),
      flood: new Set(['192.168.2.2 777']),
    }
    const lines = (commands: readonly Command[]) => commands.map(command => command.line)
    const added = diffEntries('skx1', desired, noEntries, never)
    assert.deepEqual(lines(added.bridge), [
      'fdb replace 02:02:0a:01:01:15 dev skx1 dst 192.168.2.2 vni 777 self master static',
      'fdb append 00:00:00:00:00:00 dev skx1 dst 192.168.2.2 vni 777',
    ])
    assert.deepEqual(lines(added.ip), ['neigh replace 10.1.1.21 lladdr 02:02:0a:01:01:15 dev skx1 nud permanent'])
    assert.deepEqual(lines(diffEntries('skx1', noEntries, desired, never).bridge), [
      'fdb del 02:02:0a:01:01:15 dev skx1 self',
      'fdb del 02:02:0a:01:01:15 dev skx1 master',
      'fdb del 00:00:00:00:00:00 dev skx1 dst 192.168.2.2 vni 777',
    ])
  })
})
