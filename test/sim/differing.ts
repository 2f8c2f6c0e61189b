/**
 * What operators do about hosts that cannot agree and say so, where a key was copied (R8). A fenced machine may stay behind the others: nobody is left whom it
 * could believe what they hold. It joins again, as its condition says; nobody else has to do anything.
 */
import type { PeerKey } from '../../src/lib/keys.ts'
import type { Difference } from '../../src/replica/agreement.ts'
import { running } from './checks/insiders.ts'
import { rejoin } from './departures.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** True if a copy may be why: nobody lies in these histories. */
export function isOfCopies({ copies }: World, self: PeerKey, { peer, writer }: Difference): boolean {
  return [self, peer, writer].some(key => key !== undefined && copies.has(key))
}

/** True while hosts that cannot agree are both there. */
export function cannotAgree(world: World): boolean {
  return world.copies.any && differing(world).size > 0
}

/** Fenced machines of keys that cannot agree join again, if somebody is left who may invite them. */
export function joinAgainWhoDiffer(world: World): void {
  const keys = differing(world)
  const ready = world.readyHosts()
  if (!ready.some(({ peer }) => peer && !peer.replica.fenced)) return
  const behind = ready.filter(host => keys.has(host.signer.key) && host.peer?.replica.fenced && host.flows === 0)
  for (const host of behind) void joinAgain(world, host)
}

async function joinAgain(world: World, host: Host): Promise<void> {
  world.count('joined again since it could not agree')
  world.history.note(`${host.name} cannot agree with others, and joins again`)
  await rejoin(world, host)
}

/** Both keys of each difference that hosts show with a key that some machine has. */
function differing(world: World): Set<PeerKey> {
  const all = running(world)
  const keys = new Set(all.map(({ peer }) => peer.replica.self))
  const shown = all.flatMap(({ peer: { replica } }) =>
    replica.differences().flatMap(({ peer }) => (keys.has(peer) ? [replica.self, peer] : [])),
  )
  return new Set(shown)
}
