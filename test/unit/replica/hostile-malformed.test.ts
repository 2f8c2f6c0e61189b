import { after, before, describe, it } from 'mocha'
import { encode } from '../../../src/lib/cbor.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { sampleLeaves } from '../crdt/sample-leaves.ts'
import { withoutEffect } from './hostile-effect.ts'

describe('replica: records that nobody can read', () => {
  let mesh: HostileMesh
  before(async () => {
    mesh = await meshWithHostile(new MemoryHub())
  })
  after(() => mesh.stop())

  const cases: Record<string, () => Uint8Array[]> = {
    'of unknown kinds': () => [encode(['comet', 1]), encode(['__proto__']), encode([7]), encode('x')],
    'that are no CBOR, or nested too deeply': () => [
      new Uint8Array([0xff]),
      new Uint8Array(),
      new Uint8Array(1000).fill(0x81),
    ],
    'of the largest size': () => [encode(['comet', new Uint8Array(128 * 1024 - 16)])],
    '1024 in a batch': () => Array.from({ length: 1024 }, (_, i) => encode(['comet', i])),
  }
  for (const kind of Object.keys(sampleLeaves)) {
    cases[`malformed: ${kind}`] = () => [
      encode([kind]),
      encode([kind, -1, [[]], 'x', null, 2 ** 53, new Uint8Array(31), true, '', [[1, 2]]]),
      encode([kind, ...Array.from({ length: 12 }, () => '\u0000'.repeat(300))]),
      encode([kind, ...Array.from({ length: 12 }, () => Array.from({ length: 5000 }, () => 0))]),
    ]
  }
  for (const [what, leaves] of Object.entries(cases)) {
    it(`are held, and take no effect, nowhere: ${what}`, () => withoutEffect(mesh, leaves))
  }
})
