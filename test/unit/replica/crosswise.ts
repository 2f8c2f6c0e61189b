/** Three hosts that are told something of a fourth one's records, each for itself; then they meet. */
import assert from 'node:assert/strict'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Part } from '../../../src/crdt/compact-unit.ts'
import { vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
/** Whoever was given something gives it on: so many times everybody asks everybody. */
const rounds = 6

const stateOf = ({ replica }: MemoryPeer) => [toHex(vectorHash(replica.vector())), replica.view.digest()]

/** Says these to one host, one after the other. */
export async function sayTo(mesh: HostileMesh, host: number, parts: readonly Part[]): Promise<void> {
  const to = mesh.honest.slice(host, host + 1)
  for (const part of parts) mesh.say([part], to)
  await Promise.all(to.map(({ replica }) => replica.syncNow(100)))
}

/**
 * Fails unless all come to hold the same once they were told, and hold it after a restart. `web` is a network. `check` is called with one of them and the
 * member whose records were told.
 */
export async function agreeAfter(
  tell: (mesh: HostileMesh, web: string) => Promise<void>,
  check: (peer: MemoryPeer, writer: PeerKey) => void = () => {},
): Promise<void> {
  const hub = new MemoryHub()
  const mesh = await meshWithHostile(hub)
  try {
    const [first] = mesh.honest
    await first?.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
    const web = first?.replica.view.networkByName('default', 'web')?.id ?? assert.fail()
    hub.split(...mesh.honest.map(({ signer }) => [signer.key]))
    await tell(mesh, web)
    hub.heal()
    for (let round = 0; round < rounds; round++) {
      await Promise.all(mesh.honest.map(({ replica }) => replica.syncNow(2000)))
    }
    const [state, ...others] = mesh.honest.map(stateOf)
    for (const other of others) assert.deepEqual(other, state)
    if (first) check(first, mesh.hand.key)
    for (const [i, peer] of [...mesh.honest.entries()]) {
      await peer.stop()
      mesh.honest[i] = await restartPeer(hub, peer)
    }
    for (const peer of mesh.honest) assert.deepEqual(stateOf(peer), state, 'after a restart')
  } finally {
    await mesh.stop()
  }
}
