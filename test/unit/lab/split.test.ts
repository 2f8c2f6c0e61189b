import assert from 'node:assert/strict'
import fc from 'fast-check'
import { blockedBy, ebtablesTable, parseBlocked, portsOf } from '../../../lab/split.ts'

const pairs = (groups: string[], oneWay?: boolean) => blockedBy(groups, oneWay).map(({ from, to }) => `${from}>${to}`)

describe('lab: split', () => {
  it('reads groups', () => {
    assert.deepEqual(portsOf(' 1, host2  outside'), ['p1', 'p2', 'pout'])
    assert.throws(() => portsOf('1 nosuch'), /'nosuch' names no host/)
    assert.throws(() => portsOf(' '), /empty group/)
  })

  it('blocks both directions between groups, nothing within one', () => {
    assert.deepEqual(pairs(['1 2', '3']), ['p1>p3', 'p2>p3', 'p3>p1', 'p3>p2'])
  })

  it('blocks every pair of three groups', () => {
    assert.deepEqual(pairs(['1', '2', '3']).sort(), ['p1>p2', 'p1>p3', 'p2>p1', 'p2>p3', 'p3>p1', 'p3>p2'])
  })

  it('blocks one way from the first group to the second', () => {
    assert.deepEqual(pairs(['1', '2 3'], true), ['p1>p2', 'p1>p3'])
  })

  it('cuts the outside off only by name', () => {
    assert.ok(!pairs(['1', '2']).some(pair => pair.includes('pout')))
    assert.deepEqual(pairs(['1', 'outside']), ['p1>pout', 'pout>p1'])
  })

  it('refuses what is no split', () => {
    assert.throws(() => blockedBy(['1 2']), /two groups or more/)
    assert.throws(() => blockedBy(['1', '2', '3'], true), /exactly two groups/)
    assert.throws(() => blockedBy(['1 2', 'host2']), /named twice/)
  })

  it('writes a whole table, which without a split lets everything through', () => {
    assert.equal(ebtablesTable([]), '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n')
  })

  it('reads back what it wrote', () => {
    const port = fc.integer({ min: 1, max: 32 }).map(number => `p${number}`)
    fc.assert(
      fc.property(fc.array(fc.record({ from: port, to: port }, { noNullPrototype: true })), blocked => {
        assert.deepEqual(parseBlocked(ebtablesTable(blocked)), blocked)
      }),
    )
  })
})
