import assert from 'node:assert/strict'
import { explore } from './explore.ts'
import { networkModel } from './network-model.ts'
import { allNetworkRules, type NetworkBounds, type NetworkRules } from './network-view.ts'

const bounds: NetworkBounds = { peers: 2, records: 3, checkpoints: 2, allowRule: false }

const off: { name: string; off: Partial<NetworkRules>; bounds: NetworkBounds; broken: RegExp }[] = [
  {
    name: 'the generation goes with the deletion (H1, H3)',
    off: { keepsGeneration: false },
    bounds,
    broken: /identity/,
  },
  {
    name: 'a deletion counts only once the creation is known (V10)',
    off: { deletionRaises: false },
    bounds: { ...bounds, peers: 3, checkpoints: 0 },
    broken: /identity/,
  },
  { name: 'a rename does not raise the generation (H2)', off: { renameRaises: false }, bounds, broken: /identity/ },
  {
    name: 'a deletion forgets the registers (H6)',
    off: { keepsRegisters: false },
    bounds: { ...bounds, records: 4, checkpoints: 0 },
    broken: /may both/,
  },
  {
    name: 'one round makes it stable (V9, H13)',
    off: { twoRounds: false },
    bounds: { ...bounds, allowRule: true },
    broken: /forgotten/,
  },
  { name: 'a deletion goes before the acts that it names', off: { actsFirst: 'none' }, bounds, broken: /forgotten/ },
  {
    name: 'a deletion goes while an act lives on that it ends without naming it (F2)',
    off: { actsFirst: 'named' },
    bounds: { ...bounds, allowRule: true },
    broken: /forgotten/,
  },
]

describe('one identity, one owner, nothing back from collection, in every history of a network', () => {
  for (const { name, off: rules, bounds, broken } of off) {
    it(`breaks if ${name}`, () => {
      const { violation } = explore(networkModel({ ...allNetworkRules, ...rules }, bounds))
      assert.match(violation?.what ?? 'nothing found', broken)
    }).timeout(120_000)
  }

  for (const allowRule of [false, true]) {
    it(`holds with all rules: 2 peers, 3 records, 2 checkpoints${allowRule ? ', deletions that end unseen creations' : ''}`, () => {
      const { violation, exhausted } = explore(networkModel(allNetworkRules, { ...bounds, allowRule }))
      assert.deepEqual(violation, undefined)
      assert.ok(exhausted)
    }).timeout(120_000)
  }

  it('holds with all rules: 3 peers, 3 records, nothing collected', () => {
    const { violation } = explore(networkModel(allNetworkRules, { ...bounds, peers: 3, checkpoints: 0 }))
    assert.deepEqual(violation, undefined)
  }).timeout(120_000)
})
