/** Hosts go by themselves: what they own they hand over first. */
import { leaveMesh } from '../../../src/agent/leaving.ts'
import { errorText, SkeinError } from '../../../src/lib/errors.ts'
import { depart } from '../departures.ts'
import { containerDown } from '../docker.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import type { Deed } from './deed.ts'

export const leavingDeeds: Record<string, Deed> = {
  /** `skein peer drain`, once or until nothing is left. */
  drainHost: {
    weight: 0.4,
    absent: 0.8,
    async run({ world, host, peer, random }) {
      let more = true
      let handedOver = 0
      for (let calls = 1 + random.below(4); more && calls > 0; calls--) {
        const { given, left, inUse, waitingFor } = await peer.ipam.drain(5000)
        world.history.note(`${host.name} handed ${given} places over, ${left} can go, ${inUse} are in use`)
        handedOver += given
        more = left > 0 || waitingFor.length > 0
      }
      return handedOver > 0
    },
  },
  /** `skein peer leave`; whoever was interrupted in it goes on. Mostly its containers are stopped first. */
  leaveMesh: {
    weight: 0.5,
    absent: 0.65,
    async run({ world, host, random }) {
      const leaver =
        world.readyHosts().find(other => isLeaving(world, other)) ?? random.pick(world.readyHosts().filter(isInCompany))
      const isEmptied = random.chance(0.8)
      // not within this deed: the host may be another, and ends with its process
      void leave(world, leaver ?? host, isEmptied, random.chance(0.5) ? random.spread(100, 20_000) : undefined)
      return true
    },
  },
}

function isInCompany({ peer }: Host): boolean {
  return (peer?.replica.view.members().length ?? 0) > 1
}

/** Also one that was told that it is out, and has not been asked to leave again since: then it has left. */
export function isLeaving(world: World, { peer, signer }: Host): boolean {
  return world.promises.isLeaver(signer.key) && peer?.replica.removedBy !== undefined
}

/** @param backInMs when it joins again, as somebody else */
async function leave(world: World, host: Host, isEmptied: boolean, backInMs?: number): Promise<void> {
  const { peer, signer, containers } = host
  if (!peer) return
  host.flows++
  try {
    if (isEmptied) await Promise.all([...containers.values()].map(container => containerDown(world, host, container)))
    world.history.note(`${host.name} leaves`)
    world.promises.leaves(signer.key)
    await leaveMesh(peer)
    world.count('left')
    if (containers.size > 0) {
      world.violate('I1', `${host.name} has left with containers running: their addresses are others' now`)
    }
    // what it was asked meanwhile ends with its process
    depart(world, host, world.quiet ? undefined : backInMs)
  } catch (error) {
    if (!(error instanceof SkeinError)) {
      world.violate('promise 4', `${host.name} leaves: ${error instanceof Error ? error.stack : error}`)
    }
    world.count('leaving refused')
    world.history.note(`${host.name} has not left: ${errorText(error)}`)
  }
  if (host.peer === peer) host.flows--
}

/** At rest: operators of hosts that have not been taken out type the command again, none of them after another. */
export async function leaveAtLast(world: World): Promise<void> {
  const leavers = world.readyHosts().filter(host => isLeaving(world, host) && host.flows === 0)
  await Promise.all(
    leavers.map(host => {
      world.count('leaving again at rest')
      return leave(world, host, false)
    }),
  )
}
