/**
 * What operators do about hosts that do not come to agree where a key was copied (R8). A fenced machine may stay behind the others, or ahead of them: nobody
 * is left whom one could believe what the other holds. It joins again, as its condition says.
 */
import type { PeerKey } from '../../src/lib/keys.ts'
import type { Difference } from '../../src/replica/agreement.ts'
import { rejoin } from './departures.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** True if a copy may be why two say that they cannot agree: nobody lies in these histories. */
export function isOfCopies({ copies }: World, self: PeerKey, { peer, writer }: Difference): boolean {
  return [self, peer, writer].some(key => key !== undefined && copies.has(key))
}

/** All fenced machines of copied keys join again, if somebody is left who may invite them. */
export function joinAgainAtRest(world: World): void {
  const ready = world.readyHosts()
  if (!ready.some(({ peer }) => peer && !peer.replica.fenced)) return
  const fenced = ready.filter(
    host => world.copies.has(host.signer.key) && host.peer?.replica.fenced && host.flows === 0,
  )
  for (const host of fenced) void joinAgain(world, host)
}

async function joinAgain(world: World, host: Host): Promise<void> {
  world.count('joined again since it could not agree')
  world.history.note(`${host.name} cannot agree with others, and joins again`)
  await rejoin(world, host)
}
