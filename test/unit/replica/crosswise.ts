/** Three hosts that are told something of a fourth one's records, each for itself; then they meet. */
import assert from 'node:assert/strict'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Part } from '../../../src/crdt/compact-unit.ts'
import { vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { clockAhead } from '../../support/clock-ahead.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
/** Whoever was given something gives it on: so many times everybody asks everybody. */
const rounds = 6
/** Longer than what differs has to last before it is told of. */
const longMs = 61_000

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
  await meetAfter(tell, async (mesh, hub) => {
    const [state, ...others] = mesh.honest.map(stateOf)
    for (const other of others) assert.deepEqual(other, state)
    const [first] = mesh.honest
    if (first) check(first, mesh.hand.key)
    for (const [i, peer] of [...mesh.honest.entries()]) {
      await peer.stop()
      mesh.honest[i] = await restartPeer(hub, peer)
    }
    for (const peer of mesh.honest) assert.deepEqual(stateOf(peer), state, 'after a restart')
  })
}

/** Fails unless all come to hold the same once they were told, or those who do not each name those from whom they differ. */
export async function agreeOrSaySo(tell: (mesh: HostileMesh, web: string) => Promise<void>): Promise<void> {
  const clock = clockAhead()
  await meetAfter(
    tell,
    async ({ honest }) => {
      clock.aheadMs += longMs
      await syncAll(honest)
      for (const one of honest) {
        const named = new Set(one.replica.differences().map(({ peer }) => peer))
        const differ = honest.filter(other => stateOf(one).join() !== stateOf(other).join())
        assert.deepEqual([...named].sort(), differ.map(({ signer }) => signer.key).sort())
      }
    },
    clock,
  )
}

/** Tells three hosts, each for itself, lets them meet, and looks. */
async function meetAfter(
  tell: (mesh: HostileMesh, web: string) => Promise<void>,
  look: (mesh: HostileMesh, hub: MemoryHub) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  const hub = new MemoryHub()
  hub.clock = clock
  const mesh = await meshWithHostile(hub)
  try {
    const [first] = mesh.honest
    await first?.replica.write(view => createNetworkLeaves(view, { tenant: 'default', name: 'web', spec }))
    await mesh.agree()
    const web = first?.replica.view.networkByName('default', 'web')?.id ?? assert.fail()
    hub.split(...mesh.honest.map(({ signer }) => [signer.key]))
    await tell(mesh, web)
    hub.heal()
    await syncAll(mesh.honest)
    await look(mesh, hub)
  } finally {
    await mesh.stop()
  }
}

/** As often as it takes what one was given to come to all. */
export async function syncAll(peers: readonly MemoryPeer[]): Promise<void> {
  for (let round = 0; round < rounds; round++) await Promise.all(peers.map(({ replica }) => replica.syncNow(2000)))
}
