/** Issue 4: forking one's own chain makes nobody diverge, also where the histories let go of what others have. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { histories, moves, type Showing, showings } from './random-histories.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
/** Whoever was given something gives it on: so many times everybody asks everybody. */
const rounds = 6

async function show(mesh: HostileMesh, all: ReturnType<typeof histories>, list: readonly Showing[]): Promise<void> {
  for (const { host, history, share } of list) {
    const path = all[history % all.length] ?? []
    const to = mesh.honest.slice(host, host + 1)
    for (const batch of path.slice(0, Math.ceil(share * path.length))) mesh.say([batch], to)
    await Promise.all(to.map(({ replica }) => replica.syncNow(100)))
  }
}

const stateOf = ({ replica }: MemoryPeer) => [toHex(vectorHash(replica.vector())), replica.view.digest()]

describe('replica: histories of one key that let go of what others have', function () {
  this.timeout(600_000)

  it('whatever of them is shown to whom, in whatever order: all hold the same in the end', async () => {
    await fc.assert(
      fc.asyncProperty(moves, showings, async (made, shown) => {
        const hub = new MemoryHub()
        const mesh = await meshWithHostile(hub)
        try {
          const [first] = mesh.honest
          await first?.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
          await mesh.agree()
          const web = first?.replica.view.networkByName('default', 'web')?.id ?? assert.fail()
          hub.split(...mesh.honest.map(({ signer }) => [signer.key]))
          await show(mesh, histories(mesh.hand, web, made), shown)
          hub.heal()
          for (let round = 0; round < rounds; round++) {
            await Promise.all(mesh.honest.map(({ replica }) => replica.syncNow(2000)))
          }
          const [state, ...others] = mesh.honest.map(stateOf)
          for (const other of others) assert.deepEqual(other, state)
          for (const [i, peer] of [...mesh.honest.entries()]) {
            await peer.stop()
            mesh.honest[i] = await restartPeer(hub, peer)
          }
          for (const peer of mesh.honest) assert.deepEqual(stateOf(peer), state, 'after a restart')
        } finally {
          await mesh.stop()
        }
      }),
      { numRuns: 600, seed: 7 },
    )
  })
})
